/* Seeded definitions and records through round_trip.h: as tests/fuzz_records.c, the same each time.
 */
#include "round_trip.h"
#include "suite.h"

#include <check.h>

enum { SEEDS = 40, TRIPS = 25, OCTETS = 9600 };

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	return *state ^= *state << 17;
}

START_TEST(every_field_comes_back)
{
	struct round_trip_count count = {0};
	uint64_t state = (uint64_t)_i * 2654435761u + 1;
	static uint8_t data[OCTETS];

	for (int trip = 0; trip < TRIPS; trip++) {
		for (size_t i = 0; i < sizeof data; i++)
			data[i] = (uint8_t)(next_random(&state) >> 32);
		const char *fault = round_trip(data, sizeof data, &count);
		ck_assert_msg(!fault, "seed %d, trip %d: %s", _i, trip, fault);
	}
	/* there is something to compare */
	ck_assert_uint_gt(count.fields, 5 * TRIPS);
	ck_assert_uint_gt(count.records, 10 * TRIPS);
	ck_assert_uint_gt(count.values, 3 * count.records);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("round trip");
	TCase *trips = tcase_create("trips");

	tcase_add_loop_test(trips, every_field_comes_back, 0, SEEDS);
	suite_add_tcase(suite, trips);
	return suite_run(suite);
}
