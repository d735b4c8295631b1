"""One command, one report: the experiments of work 000 on any embedding spaces."""
