"""Measures the works of a transformer in turn with those of the other side."""

import functools
import json

from comparison import measure, processes
from comparison.processes import OUT

# Two threads for its own loops and two for BLAS can take ten times as long: only with --all-threads.
PEER_THREADS = ("2+1", "1+2")


class Results:
    """What the processes of works printed. A work that several cases have is measured once in each run."""

    def __init__(self):
        self.found = {}

    def take(self, run, side, work, threads, do):
        """Runs a work, unless this run has its result already."""
        results = self.of(side, work).setdefault(threads, [])
        if len(results) <= run:
            results.append(do())

    def of(self, side, work):
        """Returns the results of a work by thread setting."""
        return self.found.setdefault((side, json.dumps(work, sort_keys=True, default=str)), {})


def compare(cases, options, ours, programs, about):
    """Measures cases: name -> (our work, the other side, its work, bar). Returns the rows, and all results.

    ours(work, options, engine) runs a work of this library. programs has the function and the thread settings of each other
    program; a side that is not in it is a work of this library too, with the same engine. Without an engine a work runs once.
    about(case, work, other, first result) returns what else a row has. The form of a work of another program is part of its name.
    """
    results, rows = Results(), []
    for case, (work, other, its_work, bar) in cases.items():
        program, thread_settings = programs.get(other, (None, ()))
        # In fewer bits only the engine multiplies.
        engines = ("engine",) if "storage" in work else ("", "engine")
        for run in range(options.runs):
            for engine in engines if run == 0 else ("engine",):
                results.take(run, "lora4j", work, engine, lambda: ours(work, options, engine))
                if program is None:
                    results.take(run, "lora4j", its_work, engine, lambda: ours(its_work, options, engine))
            for threads in settings(results.of(other, its_work), thread_settings) if program else ():
                results.take(run, other, its_work, threads, lambda: program(its_work | {"threads": threads}, options))
        found, beside = results.of("lora4j", work), results.of(other if program else "lora4j", its_work)
        for engine in engines:
            best = min(beside, key=lambda each: measure.median(nanos(beside[each]))) if program else engine
            rows.append({"case": f"{case}{', oneDNN' if engine else ''}", "ours": nanos(found[engine]),
                         "other": f"{other} {its_work.get('form', '')}".strip(),
                         "theirs": nanos(beside[best]), "threads": best, "bar": bar,
                         "peaks": {f"lora4j {engine}".strip(): peak(found[engine]), f"{other} {best}".strip(): peak(beside[best])},
                         **about(case, work, other, found[engine][0])})  # fmt: skip
            print(f"  {rows[-1]['case']}: {milliseconds(rows[-1]['ours'])} beside {milliseconds(rows[-1]['theirs'])}", flush=True)
    return rows, results


def nanos(results):
    return [result["nanos"] for result in results]


def peak(results):
    return max(result["peak"] for result in results)


def milliseconds(times):
    return f"{measure.median(times) / 1e6:.2f} ms"


def peer_threads(options):
    """Returns the thread settings of PyTorch; the number of threads of its own loops comes first."""
    return (*PEER_THREADS, "2+2") if options.all_threads else PEER_THREADS


def settings(results, all_settings):
    """Returns the thread settings of the other side to run: all at first, then those near the best one."""
    if not results:
        return all_settings
    best = min(min(nanos(each)) for each in results.values())
    return [threads for threads, each in results.items() if min(nanos(each)) <= measure.PROMISING * best]


def times(options):
    """Returns how long a work is warmed up and measured."""
    return {} if options is None else {"warm": 3 * options.warm, "seconds": 3 * options.seconds}


def require_same(name, one, other):
    """Checks that both sides compute the same numbers."""
    found = measure.difference(one["numbers"], other["numbers"])
    if not found <= measure.TOLERANCE:
        raise processes.Failed(f"the two sides must compute the same numbers for {name}, found a difference of {found:.1e}")


def java(source, path, settings, engine="", options=()):
    """Runs a program of one file on the JVM. Returns the object that it printed."""
    path = f"{_compiled(source, path)}:{path}"
    path = processes.with_engine(path) if engine else path
    command = ["java", *processes.JVM_OPTIONS, *options, "-cp", path, source.stem, *_arguments(settings)]
    return _read(processes.run(command, processes.environment()))


@functools.cache
def _compiled(source, path):
    """Compiles a program once, because the time to its first token must not contain the compiler. Returns the folder of its classes."""
    classes = OUT / "classes" / source.stem
    processes.run(["javac", "-proc:none", "-d", str(classes), "-cp", path, str(source)])
    return classes


def script(command, settings):
    """Runs a program of the other side. Returns the object that it printed."""
    return _read(processes.run([*command, *_arguments(settings)], processes.environment()))


def torch(script_of_peer, settings):
    """Runs a script in PyTorch. Returns the object that it printed."""
    return script([processes.python(), "-B", str(script_of_peer)], settings)


def _arguments(settings):
    return [f"{key}={value}" for key, value in settings.items()]


def _read(process):
    return json.loads(next(line for line in process.output.splitlines() if line.startswith("{")))
