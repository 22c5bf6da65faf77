"""Item statistics, computed a second time: an independent implementation to compare with.

Written from the published formulas, with other means than the product: figures of tests with up to
EXACT_SCORES scores are computed with fractions, without any rounding before the last step; larger
ones with sums that are rounded once.

Reads {"tests": [{"items": [{"min", "max", "scores": [number or null, ...]}, ...]}, ...]} from
standard input, and writes {"tests": [figures, ...]}.
"""

import json
import math
import sys
from fractions import Fraction

EXACT_SCORES = 20_000


def total(values):
    values = list(values)
    if values and isinstance(values[0], Fraction):
        return sum(values, Fraction(0))
    return math.fsum(values)


def root(value):
    return math.sqrt(value)


def covariance(one, other):
    """C(one, other) with the number of pairs less 1 as divisor; None of fewer than two."""
    count = len(one)
    if count < 2:
        return None
    mean_one, mean_other = total(one) / count, total(other) / count
    products = ((a - mean_one) * (b - mean_other) for a, b in zip(one, other))
    return total(products) / (count - 1)


def nothing_but_zero(value):
    """Whether a variance is 0. Fractions are exact; in sums of floats there is some rounding."""
    return value is None or (value == 0 if isinstance(value, Fraction) else value < 1e-18)


def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    if not ordered:
        return None
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def skewness_and_kurtosis(scores):
    s = len(scores)
    if nothing_but_zero(covariance(scores, scores)):
        return None, None
    mean = total(scores) / s
    m2, m3, m4 = (total((t - mean) ** power for t in scores) / s for power in (2, 3, 4))
    k2 = m2 * s / (s - 1)
    skewness = kurtosis = None
    if s > 2:
        k3 = m3 * s * s / ((s - 1) * (s - 2))
        skewness = float(k3) / root(k2) ** 3
    if s > 3:
        k4 = s * s * ((s + 1) * m4 - 3 * (s - 1) * m2 * m2) / ((s - 1) * (s - 2) * (s - 3))
        kurtosis = float(k4 / (k2 * k2))
    return skewness, kurtosis


def statistics(test):
    numbers = [score for item in test["items"] for score in item["scores"]]
    number = Fraction if len(numbers) <= EXACT_SCORES else float
    items = [
        {
            "min": number(item["min"]),
            "max": number(item["max"]),
            # A learner who has not answered has the score 0.
            "scores": [number(0 if score is None else score) for score in item["scores"]],
            "answered": sum(score is not None for score in item["scores"]),
        }
        for item in test["items"]
    ]
    s = len(items[0]["scores"])
    scores = [total(item["scores"][learner] for item in items) for learner in range(s)]
    lowest = total(item["min"] for item in items)
    width = total(item["max"] for item in items) - lowest
    variance = covariance(scores, scores)
    found = {
        "mean": 100 * (total(scores) / s - lowest) / width,
        "median": 100 * (median(scores) - lowest) / width,
        "standard_deviation": None if variance is None else 100 * root(variance) / float(width),
    }
    found["skewness"], found["kurtosis"] = skewness_and_kurtosis(scores)
    p = len(items)
    consistency = ratio = error = None
    if p > 1 and not nothing_but_zero(variance):
        of_items = total(covariance(item["scores"], item["scores"]) for item in items)
        consistency = 100 * p * (1 - of_items / variance) / (p - 1)
        ratio = 100 * root(max(0, 1 - consistency / 100))
        error = ratio / 100 * found["standard_deviation"]
    found.update(internal_consistency=consistency, error_ratio=ratio, standard_error=error)
    with_test = [covariance(item["scores"], scores) for item in items]
    roots = [0 if nothing_but_zero(it) or it < 0 else root(it) for it in with_test]
    found["items"] = [
        figures(item, scores, float(width), weight) for item, weight in zip(items, weights(roots))
    ]
    return found


def weights(roots):
    whole = math.fsum(roots)
    return [100 * it / whole if whole > 0 else None for it in roots]


def figures(item, scores, width, weight):
    x = item["scores"]
    rest = [t - score for t, score in zip(scores, x)]
    spread = item["max"] - item["min"]
    variance, of_rest, both = covariance(x, x), covariance(rest, rest), covariance(x, rest)
    index = efficiency = None
    if not nothing_but_zero(variance) and not nothing_but_zero(of_rest):
        index = 100 * float(both) / root(variance) / root(of_rest)
        efficiency = 100 * float(both / covariance(sorted(x), sorted(rest)))
    answered = item["answered"]
    points = total(x) - item["min"] * len(x)
    of_answers = total(x) - item["min"] * answered
    return {
        "facility": 100 * points / len(x) / spread,
        "facility_of_answers": 100 * of_answers / answered / spread if answered else None,
        "standard_deviation": None if variance is None else 100 * root(variance) / float(spread),
        "intended_weight": 100 * float(spread) / width,
        "effective_weight": weight,
        "discrimination_index": index,
        "discriminative_efficiency": efficiency,
    }


def plain(value):
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [plain(member) for member in value]
    return None if value is None else float(value)


if __name__ == "__main__":
    tests = json.load(sys.stdin, parse_float=lambda text: text)["tests"]
    json.dump({"tests": [plain(statistics(test)) for test in tests]}, sys.stdout)
