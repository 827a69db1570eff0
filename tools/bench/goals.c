/* SPDX-License-Identifier: Apache-2.0 */
#include "goals.h"

const struct bench_goal bench_goals[] = {
	{"durable, verified ingest over one CURVE link, 2 KB, a signature an item", "link",
	 "durable ingest, 2 KB, a signature each (floor: bare pipeline)", BENCH_AT_LEAST, 9000},
	{"the same against a bare receive, verify, commit pipeline", "link",
	 "durable ingest, 2 KB, a signature each (floor: bare pipeline)", BENCH_RATIO_AT_LEAST,
	 0.75},
	{"the same against the best broker, which neither signs nor syncs", "peers",
	 "durable ingest of Kairan (floor: the best broker)", BENCH_RATIO_AT_LEAST, 2.5},
	{"import of a local bundle of signed items, 2 cores", "bundle",
	 "import of bundles, 2 KB, a signature each", BENCH_AT_LEAST, 12000},
	{"publishing own items in bulk, 2 KB", "link",
	 "publishing own items, 2 KB, over the control socket", BENCH_AT_LEAST, 20000},
	{"publish → stored at the peer, both ends synced, against its steps measured alone", "link",
	 "publish → stored at the peer, median (floor: all steps)", BENCH_RATIO_AT_MOST, 1.4},
	{"its slowest of a hundred against its median", "link",
	 "publish → stored at the peer, p99 (floor: the median)", BENCH_RATIO_AT_MOST, 4},
	{"an alert while bulk fills the same link, 10 k items", "alert",
	 "alert → stored at the peer while bulk fills the link, median", BENCH_AT_MOST, 15},
	{"fan-out of one 2 KB item to 200 peers, until the last one has it", "fan",
	 "one item to 200 peers, until the last one has it", BENCH_AT_MOST, 10},
	{"bytes on a link beyond the advisory's own", "link",
	 "bytes on the link per 2 KB item (floor: the advisory's own)", BENCH_RATIO_AT_MOST, 1.15},
	{"payload copies received per node in the reference federation", "", "kairan-sim run",
	 BENCH_ELSEWHERE, 1.02},
	{"time, memory and spread at 5,000 nodes", "", "kairan-sim plot growth", BENCH_ELSEWHERE,
	 0},
};
const size_t bench_goal_count = sizeof(bench_goals) / sizeof(bench_goals[0]);
