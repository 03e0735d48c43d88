#!/usr/bin/python3
"""The whole service against its ceiling: how much of a workspace's rate limit one run reaches, and what it costs.

usage: bench/end_to_end.py [--bin build/release/bin] [--rows 1000000] [--latency 150]

Both stand-ins and the server run on this machine and share its cores. The limit is the workspace's own: 970 requests a second
of 75 objects (just below Braze's 3,000 in 3 s), measured as a ratio in the same run. CPU and memory are cdi-server's alone, from
/proc; the ODBC driver runs inside it.
"""
import argparse
import os
import pathlib
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from tests.support import harness  # noqa: E402
from tests.support.harness import DATABASE, SCHEMA  # noqa: E402

LIMIT = 970 * 75


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


def main():
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--bin", default=str(ROOT / "build/release/bin"))
    flags.add_argument("--rows", type=int, default=1_000_000)
    flags.add_argument("--latency", type=int, default=150, help="milliseconds that Braze takes for each reply")
    options = flags.parse_args()
    with harness.Service(options.bin, ["BENCH"], latency_ms=options.latency) as service:
        service.set_up()
        payload = "'{\"n\":' || SEQ4() || ',\"text\":\"" + "x" * 180 + "\"}'"
        service.sql(f"INSERT INTO {DATABASE}.{SCHEMA}.BENCH (UPDATED_AT, EXTERNAL_ID, PAYLOAD) SELECT "
                    f"DATEADD(millisecond, SEQ4(), '2026-01-01'::TIMESTAMP_NTZ), 'user-' || SEQ4(), {payload} "
                    f"FROM TABLE(GENERATOR(ROWCOUNT => {options.rows}))")
        sync = service.make_sync("bench", "BENCH")
        pid = service.server.process.pid
        peak = []
        idle = memory_mib(pid)
        cpu, begin = cpu_seconds(pid), time.monotonic()
        timer = threading.Timer(max(1.0, options.rows / LIMIT / 10), lambda: peak.append(memory_mib(pid)))
        timer.start()
        run = service.run(sync)
        seconds, cpu = time.monotonic() - begin, cpu_seconds(pid) - cpu
        timer.join()
        assert run.state == 3 and run.counters.rows_accepted == options.rows, run
        rate = options.rows / seconds
        print(f"rows                    {options.rows}")
        print(f"rows/s                  {rate:,.0f}")
        print(f"ratio to the rate limit {rate / LIMIT:.2f} of {LIMIT:,} rows/s")
        print(f"CPU of cdi-server       {cpu / seconds:.2f} cores, {cpu / options.rows * 1e6:.2f} us a row")
        print(f"memory of cdi-server    {idle:.0f} MiB idle, {peak[0]:.0f} MiB after a tenth, {memory_mib(pid):.0f} MiB at most")
        print(f"requests                {run.counters.batches}, repeated {run.counters.batches_repeated}")


main()
