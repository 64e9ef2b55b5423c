/* Records by any definition, encoded and read back: see round_trip.h. */
#include "round_trip.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *fault = round_trip(data, size, NULL);

	if (fault) {
		fprintf(stderr, "records: %s\n", fault);
		abort();
	}
	return 0;
}
