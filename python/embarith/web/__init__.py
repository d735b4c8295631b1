"""Pages for a person at this machine, in a browser.

`serving` serves a page on loopback and guards it; `review` is the page for judging photographs.
"""
