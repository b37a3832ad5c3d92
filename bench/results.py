"""The results as Markdown documents."""

import re
import statistics
from dataclasses import dataclass, field

from contenders import MapQuality, Measurement
from workloads import Contender, Workload

PREAMBLE = """\
Each measurement is a process of its own, and nothing else is started meanwhile. The contenders of a table take turns, \
a round after a round; a time is the median over the rounds of what each process gives as its own median, untimed \
warm-up left out. The times are this machine's; only the ratios within a table mean anything beyond it.

The limit is what `limit.c` reaches, in the same turns: fp32 multiply-adds on all cores and nothing else. Direct \
arithmetic is twice the multiply-adds of the forward pass (`modiste summary`) for each image, three times that in \
training: forward, gradients of the weights, gradients of the inputs. Nothing is subtracted, not even the first \
layer's gradient of the inputs, which nobody needs. A share above 100% is had with fewer multiplications (Winograd) or \
with shorter numbers (bf16). Memory is the largest peak of resident memory of any round.

A map by t-SNE is timed once in each process, without warm-up: from the matrix of pixels in memory, the same for all, \
to the finished map, at perplexity 30 and from principal components on. How good the last round's maps are, \
`modiste bench tsne --map` says of all alike: KL is the divergence from the exact affinities of the images (lower is \
better), trustworthiness how far neighbours in the map are neighbours among the images, 1-NN accuracy the share of \
images whose nearest neighbour in the map is of their class.
"""


@dataclass
class Outcome:
    """What came of one contender: a measurement of each round, or why there is none."""

    contender: Contender
    measurements: list[Measurement] = field(default_factory=list)
    missing: str | None = None
    quality: MapQuality | None = None

    @property
    def median(self):
        return statistics.median(measurement.seconds for measurement in self.measurements)

    @property
    def spread(self):
        """From the fastest round to the slowest, in words."""
        seconds = [measurement.seconds for measurement in self.measurements]
        return f"{span(min(seconds))} to {span(max(seconds))}"

    @property
    def memory(self):
        """Largest peak in bytes; None where it is not known."""
        return max((m.peak_memory_bytes for m in self.measurements if m.peak_memory_bytes), default=None)


@dataclass
class WorkloadOutcome:
    """What came of one workload; `limits` holds the flops per second of each round."""

    workload: Workload
    outcomes: list[Outcome]
    limits: list[float] = field(default_factory=list)

    @property
    def ours(self):
        return self.outcomes[-1]

    @property
    def limit_seconds(self):
        """What the direct arithmetic takes at the limit; None where there is none or that is not measured."""
        return self.workload.flops / statistics.median(self.limits) if self.limits else None

    def share(self, outcome):
        """Of the limit."""
        return f"{self.limit_seconds / outcome.median:.0%}" if self.limits else ""


def put(path, part):
    """Writes a part of a report, which begins with a heading of the first level: in the place of the part with the same
    heading, or behind all others, which stay."""
    heading = part.partition("\n")[0]
    written = path.read_text(encoding="utf-8") if path.exists() else ""
    parts = [each.strip("\n") for each in re.split(r"^(?=# )", written, flags=re.MULTILINE) if each.strip()]
    places = [place for place, each in enumerate(parts) if each.partition("\n")[0] == heading]
    place = places[0] if places else len(parts)
    parts[place : place + 1] = [part.strip("\n")]
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def document(remark, facts, versions, limit_missing, results):
    """What the contenders came to. `remark` is a sentence or nothing, `facts` are rows of two."""
    limits = [limit for result in results for limit in result.limits]
    limit_words = limit_text(limits) or limit_missing or "not needed"
    software = {m.software for result in results for outcome in result.outcomes for m in outcome.measurements}
    parts = [
        "# Side by side",
        " ".join(filter(None, ["Written by `bench/compare.py`; nothing in it is typed by hand.", remark])),
        PREAMBLE.rstrip(),
        "## At a glance",
        glance(results),
        "## Machine",
        table(["what", "which"], [*facts, ("fp32 multiply-add limit", limit_words)]),
        "## Versions",
        "\n".join(f"- {line}" for line in [*versions, *sorted(software, key=str.lower)]),
    ]
    for result in results:
        parts += [f"## {result.workload.title}", introduction(result, limit_missing), contenders(result)]
    return "\n\n".join(parts) + "\n"


def glance(results):
    """A row for each workload and precision: modiste against the fastest peer."""
    rows = []
    for result in results:
        ours = result.ours
        peers = result.outcomes[:-1]
        for precision in dict.fromkeys(outcome.contender.precision for outcome in peers):
            measured = [o for o in peers if o.contender.precision == precision and o.measurements]
            fastest = min(measured, key=lambda outcome: outcome.median, default=None)
            name = f"none in {precision} is here" if precision else "none is here"
            median, ratio, memory = "", "", ""
            if fastest:
                name, median = fastest.contender.label, span(fastest.median)
                ratio, memory = f"{ours.median / fastest.median:.3f}", size(fastest.memory)
            rows.append(
                [
                    result.workload.title,
                    name,
                    median,
                    span(ours.median),
                    ratio,
                    result.share(ours),
                    memory,
                    size(ours.memory),
                ]
            )
    heads = [
        "work",
        "fastest peer",
        "its time",
        "modiste",
        "modiste ÷ peer",
        "modiste's share of the fp32 limit",
        "peer's memory",
        "modiste's memory",
    ]
    return table(heads, rows)


def introduction(result, limit_missing):
    """How much arithmetic it is, or else how often it was done."""
    if result.workload.flops is None:
        rounds = len(result.ours.measurements)
        return "One round." if rounds == 1 else f"{rounds} rounds."
    direct = f"{result.workload.flops / 1e9:,.4g} GFLOP of direct arithmetic"
    if not result.limits:
        return f"{direct}; the limit is {limit_missing}."
    return f"{direct}; at the limit of {limit_text(result.limits)} that takes {span(result.limit_seconds)}."


def contenders(result):
    """A row for each contender."""
    columns = columns_of(result)
    rows = []
    for outcome in result.outcomes:
        cells = [cell(outcome) for cell in columns.values()] if outcome.measurements else [outcome.missing]
        rows.append([outcome.contender.label, *cells] + [""] * (len(columns) - len(cells)))
    return table(["who", *columns], rows)


def columns_of(result):
    """What a table of contenders says of each, by the head of its column."""
    ours = result.ours
    times = {"median": lambda outcome: span(outcome.median), "rounds": lambda outcome: outcome.spread}
    head = f"{ours.contender.name} ÷ this"
    ratio = {head: lambda outcome: "" if outcome is ours else f"{ours.median / outcome.median:.3f}"}
    memory = {"peak memory": lambda outcome: size(outcome.memory)}
    if ours.quality:
        return (
            times
            | ratio
            | {
                "KL": lambda outcome: f"{outcome.quality.kl_divergence:.3f}",
                "trustworthiness": lambda outcome: f"{outcome.quality.trustworthiness:.4f}",
                "1-NN accuracy": lambda outcome: f"{outcome.quality.label_accuracy:.4f}",
            }
            | memory
        )
    rate = {"images/s": lambda outcome: f"{result.workload.images / outcome.median:,.0f}"}
    return times | rate | ratio | {"share of the fp32 limit": result.share} | memory


def standard_error(values):
    """Of the mean of these values, in words; nothing of a single one."""
    return f"{statistics.stdev(values) / len(values) ** 0.5:.4f}" if len(values) > 1 else ""


def mean_of_seeds(values):
    """A mean accuracy with its standard deviation (of the sample, by n - 1), which a single seed does not have."""
    mean = f"{statistics.mean(values):.4f}"
    return f"{mean} ± {statistics.stdev(values):.4f}" if len(values) > 1 else mean


def median_span(values):
    """A median, and from where to where the values go, if there are several."""
    spread = f" ({min(values):.0f} to {max(values):.0f})" if len(values) > 1 else ""
    return f"{statistics.median(values):.0f}{spread}"


def table(heads, rows):
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def limit_text(limits):
    """The limit in words; nothing where it is not measured."""
    if not limits:
        return ""
    median, least, most = (value / 1e9 for value in (statistics.median(limits), min(limits), max(limits)))
    return f"{median:.0f} GFLOP/s (rounds {least:.0f} to {most:.0f})"


def span(seconds):
    """Seconds as people read them."""
    value, unit = (seconds, "s") if seconds >= 1 else (seconds * 1e3, "ms")
    return f"{value:.{0 if value >= 100 else 1 if value >= 10 else 2}f} {unit}"


def size(count):
    """Bytes as people read them."""
    if count is None:
        return ""
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
