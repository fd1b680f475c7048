"""The command line's grammar. Nothing but argparse is imported, so that help comes at once."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from elman import __version__
from elman.cli import _fit_options
from elman.cli._options import (
    add_columns,
    add_common,
    add_data,
    add_form,
    add_output,
    add_static,
    command,
    levels,
    whole,
)


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of all commands; each sets `module`, the module whose `run` does its work."""
    parser = argparse.ArgumentParser(
        prog="elman",
        description="Recurrent neural networks for the CPU: fit them to files, and use them.",
        epilog=_examples(
            "elman fit classify train.csv --id utterance --target speaker -o speakers.safetensors",
            "elman predict speakers.safetensors new.csv --proba > speakers.csv",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"elman {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _fit_options.add_fit(commands)
    _add_predict(commands)
    _add_evaluate(commands)
    _add_generate(commands)
    _fit_options.add_check(commands)
    _add_summary(commands)
    _add_explain(commands)
    _add_demo(commands)
    return parser


def _examples(*lines: str) -> str:
    return "\n".join(["examples:", *(f"  {line}" for line in lines)])


def _add_predict(commands: Any) -> None:
    parser = command(
        commands,
        "predict",
        "say what a fitted model says of data",
        "Write a row for each sequence: its id and the prediction; of a tagger for each step, of a "
        "forecaster for each step ahead. The model knows its columns.",
        (
            "elman predict speakers.safetensors new.csv -o answers.parquet",
            "zcat new.csv.gz | elman predict speakers.safetensors - --proba | head",
        ),
    )
    _add_model(parser)
    add_data(parser, optional="without it, a forecaster goes on from what it knows")
    add_output(parser)
    parser.add_argument("--proba", action="store_true", help="add the probability of each label")
    parser.add_argument(
        "--steps",
        action="store_true",
        help="a row for each time step: what is predicted once the steps up to it are read",
    )
    parser.add_argument(
        "--annotate", action="store_true", help="of sentences: write them with their labels instead"
    )
    parser.add_argument(
        "--sorted",
        action="store_true",
        help="the rows of each sequence stand together: read and answer piece by piece, in little "
        "memory",
    )
    add_columns(parser, required=False)
    group = parser.add_argument_group("forecasts")
    group.add_argument("--h", type=whole, metavar="N", help="steps ahead (default: as in fit)")
    group.add_argument("--level", type=levels, metavar="L,...", help="intervals, as in 80,90")
    group.add_argument("--future", metavar="FILE", help="the covariates that are known ahead")
    add_static(group)
    group.add_argument(
        "--update",
        action="store_true",
        help="let MODEL read on: DATA are the rows that follow those it knows",
    )
    add_common(parser)


def _add_evaluate(commands: Any) -> None:
    parser = command(
        commands,
        "evaluate",
        "score a fitted model on data with known targets",
        "Write rows of metric and value: of classes accuracy, F1 and log loss; of numbers R², MAE "
        "and RMSE; of tags accuracy and the F1 of spans; of text perplexity and bits per "
        "character; of forecasts MASE, MAE, RMSE and coverage, beside the naive ones.",
        (
            "elman evaluate speakers.safetensors test.csv",
            "elman evaluate speakers.safetensors test.csv --by-id -o by_utterance.csv",
        ),
    )
    _add_model(parser)
    add_data(parser)
    add_output(parser)
    parser.add_argument("--by-id", action="store_true", help="a row for each sequence instead")
    add_columns(parser, required=False, target=True)
    group = parser.add_argument_group("forecasts")
    group.add_argument(
        "--windows", type=whole, default=1, metavar="N", help="from so many cutoffs (default: 1)"
    )
    group.add_argument(
        "--step", type=whole, metavar="N", help="so many steps apart (default: those ahead)"
    )
    add_static(group)
    add_common(parser)


def _add_generate(commands: Any) -> None:
    parser = command(
        commands,
        "generate",
        "write on where a text ends",
        "Print a text that a language model draws, symbol by symbol, as what follows on a prompt.",
        (
            "elman generate shakespeare.safetensors 'ROMEO:' -n 300 --temp 0.8",
            "elman generate shakespeare.safetensors - --count 5 --json < prompt.txt",
        ),
    )
    _add_model(parser)
    parser.add_argument(
        "prompt",
        nargs="?",
        default="",
        metavar="PROMPT",
        help="how the text begins, or - for standard input (default: nothing)",
    )
    parser.add_argument(
        "-n",
        type=whole,
        default=200,
        metavar="TOKENS",
        help="at most so many characters, words or bytes, as the model counts (default: 200)",
    )
    parser.add_argument("--count", type=whole, default=1, metavar="K", help="draw so many texts")
    parser.add_argument(
        "--temp",
        type=float,
        default=1.0,
        metavar="T",
        help="temperature: below 1 likely symbols become likelier, 0 takes the likeliest "
        "(default: 1)",
    )
    parser.add_argument("--top-k", type=whole, metavar="K", help="of the K likeliest symbols")
    parser.add_argument(
        "--top-p", type=float, metavar="P", help="of the likeliest that together have probability P"
    )
    parser.add_argument(
        "--stop", action="append", metavar="TEXT", help="end before this text; may be repeated"
    )
    parser.add_argument("--echo", action="store_true", help="print the prompt before the text")
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of the drawing (default: 0)"
    )
    add_common(parser)


def _add_summary(commands: Any) -> None:
    parser = command(
        commands,
        "summary",
        "show what a model is made of",
        "Show a model's layers and parameters, the columns it reads, and how it was fitted.",
        ("elman summary speakers.safetensors", "elman summary speakers.safetensors --json"),
    )
    _add_model(parser)
    add_common(parser)


def _add_explain(commands: Any) -> None:
    parser = command(
        commands,
        "explain",
        "show every number that a saved layer computes for one sequence",
        "Show what a saved layer, cell or network computes for one sequence: the vectors of every "
        "step, every multiplication of one with --step, or a page with --output.",
        (
            "elman explain rnn.safetensors x.npy --step 1",
            "elman explain speakers.safetensors test.csv --sequence 271 -o page.html",
        ),
    )
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="a file that elman.save wrote, of a layer, cell, network or fitted estimator",
    )
    parser.add_argument(
        "data",
        metavar="DATA",
        help="x as .npy; as .npz with x, and lengths, h_0 and c_0 if need be; or as .csv, a step "
        "a line, with or without a line of names; for a model of elman fit what predict reads",
    )
    add_form(parser)
    parser.add_argument("--sequence", metavar="ID", help="which sequence of what predict reads")
    parser.add_argument("-o", "--output", metavar="PAGE", help="write a page (.html)")
    parser.add_argument("--row", type=int, help="which sequence of a batch, counted from 0")
    parser.add_argument("--step", type=int, help="open one step, counted from 0")
    parser.add_argument("--layer", type=int, help="of this layer, counted from 0")
    parser.add_argument("--direction", choices=("forward", "reverse"), help="in this direction")
    parser.add_argument("--unit", type=int, help="open one unit of the step, counted from 0")
    add_common(parser)


def _add_demo(commands: Any) -> None:
    parser = command(
        commands,
        "demo",
        "train a speaker recogniser on real speech",
        "Train a bidirectional Elman network to tell nine speakers apart by one vowel, on 270 "
        "utterances; test it on 370 others; draw what it does.",
        ("elman demo", "elman demo --random-state 1 --output pictures"),
    )
    parser.add_argument(
        "--random-state", type=int, default=0, metavar="SEED", help="seed (default: 0)"
    )
    parser.add_argument(
        "--output",
        default="elman-demo",
        metavar="FOLDER",
        help="where the pictures go (default: elman-demo)",
    )
    add_common(parser, json=False)


def _add_model(parser: Any) -> None:
    parser.add_argument("model", metavar="MODEL", help="a file that elman fit or save wrote")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options; wrong usage exits with 2, as argparse does."""
    options, rest = make_parser().parse_known_args(arguments)
    if rest:
        options.parser.error(f"unrecognized arguments: {' '.join(rest)}{_likely(rest, options)}")
    del options.parser
    return options


def _likely(rest: Sequence[str], options: argparse.Namespace) -> str:
    """Return which options may be meant."""
    import difflib

    known = options.parser._option_string_actions
    names = [argument.partition("=")[0] for argument in rest if argument.startswith("-")]
    found = [match for name in names for match in difflib.get_close_matches(name, known, 1)]
    return f"; did you mean {', '.join(found)}?" if found else ""
