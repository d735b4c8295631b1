"""The page on which a person judges the photographs of words."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from embarith.photos.review import Journal, Pair, Verdict
from embarith.web.serving import guarded, new_token

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

# Questions of a word that are shown; the rest is counted.
_SHOWN = 4

# What browsers show as a picture and nothing else: no SVG, which may hold scripts.
_MEDIA = {
    ".avif": "image/avif",
    ".bmp": "image/bmp",
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".webp": "image/webp",
}


@dataclass(frozen=True)
class Task:
    """What there is to judge.

    Parameters
    ----------
    home : Path
        Folder of the collection.
    folder : Path
        That images are named within.
    words : mapping of str to sequence of str
        The images of every word, in the order in which they are shown.
    senses : mapping of str to str
        What was searched for to find a word's photographs, where that is known.
    questions : mapping of str to sequence of str
        The questions that a word stands in.
    likeness : mapping of (str, str) to float
        Mean cosine of a photograph to the others of its word.
    """

    home: Path
    folder: Path
    words: Mapping[str, Sequence[str]]
    senses: Mapping[str, str]
    questions: Mapping[str, Sequence[str]]
    likeness: Mapping[Pair, float]


def outliers_first(
    words: Mapping[str, Sequence[str]], likeness: Mapping[Pair, float]
) -> dict[str, tuple[str, ...]]:
    """Return the images of every word, those least like the others first.

    Images without a likeness come last, in the order given.

    Examples
    --------
    >>> outliers_first({"apple": ["a", "phone", "b"]}, {("apple", "a"): 0.5, ("apple", "phone"): 0})
    {'apple': ('phone', 'a', 'b')}
    """
    return {
        word: tuple(sorted(images, key=lambda image: likeness.get((word, image), 2.0)))
        for word, images in words.items()
    }


def summary(task: Task, journal: Journal) -> str:
    """Return how far the review has come, in a sentence or two."""
    pairs = [(word, image) for word, images in task.words.items() for image in images]
    judged = [journal.verdicts[pair] for pair in pairs if pair in journal.verdicts]
    done = sum(
        all((word, image) in journal.verdicts for image in images)
        for word, images in task.words.items()
    )
    return (
        f"{len(judged):,} of {len(pairs):,} photographs judged, {judged.count('drop'):,} of them "
        f"dropped; {done:,} of {len(task.words):,} words done. Kept in {journal.path}"
    )


class _Judged(msgspec.Struct):
    word: str
    image: str
    verdict: Verdict


class _Undo(msgspec.Struct):
    standing: int


def review_page(task: Task, journal: Journal) -> ASGIApp:
    """Return the page as an application, which writes into the journal.

    Photographs are served by their number in a list; no folder is.

    Parameters
    ----------
    task : Task
    journal : Journal
    """
    from jinja2 import Environment, PackageLoader
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.responses import FileResponse, HTMLResponse, JSONResponse
    from starlette.responses import Response as Plain
    from starlette.routing import Route

    token = new_token()
    # In the address of a photograph, so that no browser shows one of an earlier run out of its
    # cache.
    run = secrets.token_hex(4)
    pairs = {(word, image) for word, images in task.words.items() for image in images}
    images = list(dict.fromkeys(image for found in task.words.values() for image in found))
    state = _state(task, journal, images) | {"token": token, "run": run}
    page = Environment(loader=PackageLoader("embarith.web"), autoescape=True).get_template(
        "review.html"
    )

    async def show(_: Request) -> Response:
        name = task.home.resolve().name
        return HTMLResponse(page.render(collection=name, reviewer=journal.path.stem))

    async def tell(_: Request) -> Response:
        standing = [(one.word, one.image, one.verdict) for one in journal.standing]
        return JSONResponse(state | {"standing": standing})

    async def photograph(request: Request) -> Response:
        number = request.path_params["number"]
        if request.path_params["run"] != run or number >= len(images):
            raise HTTPException(404)
        path = task.folder / images[number]
        media = _MEDIA.get(path.suffix.lower())
        if media is None or not path.is_file():
            raise HTTPException(404)
        return FileResponse(
            path, media_type=media, headers={"cache-control": "private, max-age=86400"}
        )

    async def judge(request: Request) -> Response:
        given = await _decoded(request, _Judged)
        if (given.word, given.image) not in pairs:
            raise HTTPException(400, f"{given.image!r} is no photograph of {given.word!r} here")
        return answer(lambda: journal.judge(given.word, given.image, given.verdict))

    async def undo(request: Request) -> Response:
        given = await _decoded(request, _Undo)
        # One that was carried out, though the page never heard of it, comes again.
        again = len(journal.standing) != given.standing
        return answer((lambda: None) if again else journal.undo)

    def answer(change: Callable[[], None]) -> Response:
        try:
            change()
        except OSError as fault:
            raise HTTPException(507, f"{fault.filename}: {fault.strerror}") from None
        return JSONResponse({"standing": len(journal.standing)})

    static = {
        name: (files("embarith.web") / "static" / name).read_bytes()
        for name in ("review.css", "review.js", "icon.svg")
    }
    kinds = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

    async def asset(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in static:
            raise HTTPException(404)
        return Plain(static[name], media_type=kinds[Path(name).suffix])

    routes = [
        Route("/", show),
        Route("/state", tell),
        Route("/photo/{run}/{number:int}", photograph),
        Route("/static/{name}", asset),
        Route("/verdict", judge, methods=["POST"]),
        Route("/undo", undo, methods=["POST"]),
    ]
    return guarded(Starlette(routes=routes), token)


async def _decoded(request: Request, kind: type[Any]) -> Any:
    from starlette.exceptions import HTTPException

    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except msgspec.DecodeError as fault:
        raise HTTPException(400, str(fault)) from None


def _state(task: Task, journal: Journal, images: Sequence[str]) -> dict[str, Any]:
    numbers = {image: number for number, image in enumerate(images)}
    words = [
        {
            "word": word,
            "sense": task.senses.get(word, ""),
            "questions": list(task.questions.get(word, ())[:_SHOWN]),
            "more": max(len(task.questions.get(word, ())) - _SHOWN, 0),
            "photos": [
                {
                    "number": numbers[image],
                    "image": image,
                    "likeness": task.likeness.get((word, image)),
                }
                for image in found
            ],
        }
        for word, found in task.words.items()
    ]
    return {
        "collection": str(task.home.resolve()),
        "reviewer": journal.path.stem,
        "words": words,
    }
