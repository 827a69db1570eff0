/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"

#include <time.h>

static int64_t read_ms(clockid_t id)
{
	struct timespec at;

	(void)clock_gettime(id, &at);
	return (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

int64_t kai_real_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

void kai_clock_init(struct kai_clock *clock, double scale, int64_t from_ms, int64_t offset_ms)
{
	clock->scale = scale;
	clock->offset_ms = offset_ms;
	clock->from_ms = from_ms;
	clock->mono_base_ms = read_ms(CLOCK_MONOTONIC);
	clock->wall_base_ms = read_ms(CLOCK_REALTIME);
}

static int64_t elapsed(const struct kai_clock *clock)
{
	return (int64_t)((double)(kai_real_ms() - clock->mono_base_ms) * clock->scale);
}

struct kai_mono kai_clock_mono(const struct kai_clock *clock)
{
	return (struct kai_mono){clock->mono_base_ms + elapsed(clock)};
}

/* Unscaled it follows the machine's clock when that is set; scaled it runs from where it started.
 */
struct kai_wall kai_clock_wall(const struct kai_clock *clock)
{
	if (clock->scale > 0.999999 && clock->scale < 1.000001)
		return (struct kai_wall){read_ms(CLOCK_REALTIME) + clock->offset_ms};
	/* What had passed before this process began passed as fast. */
	double before = clock->from_ms == 0 ? 0 : (double)(clock->wall_base_ms - clock->from_ms);

	return (struct kai_wall){clock->wall_base_ms - (int64_t)before +
				 (int64_t)(before * clock->scale) + clock->offset_ms +
				 elapsed(clock)};
}

int64_t kai_clock_wait_ms(const struct kai_clock *clock, struct kai_mono due, int64_t limit_ms)
{
	int64_t now = kai_clock_mono(clock).ms;

	if (due.ms <= now)
		return 0;
	double wait = (double)(due.ms - now) / clock->scale;

	/* Rounded up, so that a wait never ends just before what it waits for. */
	return wait >= (double)limit_ms ? limit_ms : (int64_t)wait + 1;
}
