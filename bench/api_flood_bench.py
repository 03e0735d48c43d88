#!/usr/bin/python3
"""What a flood of refused calls costs the runs: rows/s of a run beside it, as a ratio to the same run without it.

usage: bench/api_flood_bench.py [BIN] [ROWS]   (build/release/bin and 200000 by default)

Three runs without and three with a flood, in turn; the median of each. The flood: FLOODERS processes, each on four
connections, that call with a wrong token or with 5 MB messages as fast as they are answered, and ask for a stream with each call. Everything is on loopback; the flood ends with its run. The server runs with an anonymous role, as the
runs' own calls need it; every call of the flood brings a wrong token or is too large, and must be refused."""
import multiprocessing
import os
import pathlib
import statistics
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from tests.support import harness  # noqa: E402
from tests.support.harness import DATABASE, SCHEMA  # noqa: E402

FLOODERS = 2
STREAMS = 10_000  # at most
LOOP_SECONDS_MAX = 300  # a flood ends by itself


def flood(address, stubs, stop, counts):
    os.nice(19)  # what is measured is the server's own work for it, not the cores that the callers take
    sys.path.insert(0, stubs)
    import grpc
    from cdi.v1 import run_pb2, run_pb2_grpc, sync_pb2, sync_pb2_grpc

    channels = [grpc.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1),
                                                        ("grpc.max_send_message_length", -1)]) for _ in range(4)]
    runs = [run_pb2_grpc.RunServiceStub(channel) for channel in channels]
    syncs = [sync_pb2_grpc.SyncServiceStub(channel) for channel in channels]
    wrong = [("authorization", "Bearer cdi_" + "A" * 43)]
    huge = sync_pb2.GetSyncRequest(name="x" * 5_000_000)
    streams = []
    refused = taken = 0
    end = time.monotonic() + LOOP_SECONDS_MAX
    turn = 0
    while not stop.is_set() and time.monotonic() < end:
        turn += 1
        at = turn % 4
        if len(streams) < STREAMS // FLOODERS:
            streams.append(runs[at].WatchRun(run_pb2.WatchRunRequest(name="syncs/s/runs/none"), metadata=wrong, timeout=30))
        try:
            if turn % 50 == 0:
                syncs[at].GetSync(huge, timeout=10)
            else:
                syncs[at].ListSyncs(sync_pb2.ListSyncsRequest(), metadata=wrong, timeout=10)
            taken += 1
        except grpc.RpcError:
            refused += 1
    for stream in streams:
        stream.cancel()
    counts.put((refused, taken, len(streams)))


def run_beside(service, sync, flooded):
    """The ended run, its seconds, and what the flood did: calls refused, calls taken, streams asked for."""
    stop, counts, flooders = multiprocessing.Event(), multiprocessing.Queue(), []
    for _ in range(FLOODERS if flooded else 0):
        flooders.append(multiprocessing.Process(target=flood, args=(service.server.address, str(service.path / "stubs"), stop, counts)))
        flooders[-1].start()
    time.sleep(2 if flooded else 0)
    begin = time.monotonic()
    run = service.run(sync)
    seconds = time.monotonic() - begin
    stop.set()
    totals = [counts.get(timeout=60) for _ in flooders]
    for process in flooders:
        process.join()
    return run, seconds, [sum(column) for column in zip(*totals)]


def main():
    binaries = sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/release/bin"
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else 200_000
    rates = {False: [], True: []}
    tables = [f"T{i}" for i in range(6)]
    with harness.Service(binaries, tables, latency_ms=50) as service:
        service.set_up()
        for i, table in enumerate(tables):
            service.sql(f"INSERT INTO {DATABASE}.{SCHEMA}.{table} (UPDATED_AT, EXTERNAL_ID, PAYLOAD) SELECT "
                        f"DATEADD(millisecond, SEQ4(), '2026-01-01'::TIMESTAMP_NTZ), 'user-' || SEQ4(), '{{\"n\":' || SEQ4() || '}}' "
                        f"FROM TABLE(GENERATOR(ROWCOUNT => {rows}))")
            flooded = i % 2 == 1
            run, seconds, totals = run_beside(service, service.make_sync(f"s{i}", table), flooded)
            assert run.state == 3 and run.counters.rows_accepted == rows, run
            rates[flooded].append(rows / seconds)
            told = f"with the flood: {totals[0]:,} calls refused, {totals[1]:,} taken, {totals[2]:,} streams asked for" if flooded else "alone"
            print(f"{table}: {rows / seconds:,.0f} rows/s {told}", flush=True)
    alone, beside = statistics.median(rates[False]), statistics.median(rates[True])
    print(f"ratio: {beside / alone:.2f} ({beside:,.0f} / {alone:,.0f} rows/s)")


if __name__ == "__main__":
    main()
