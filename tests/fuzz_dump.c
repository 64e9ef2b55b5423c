/* Messages of any octets through weirdump's decoder and its printers.
 *
 * The input is a list of messages, each after two octets of its length, so that
 * templates and their data can meet; the first octet chooses the format. */
#include "../src/tools/weirdump_decode.c"
#include "../src/tools/weirdump_dump.c"
#include "../src/tools/weirdump_layout.c"
#include "../src/tools/weirdump_netflow5.c"
#include "../src/tools/weirdump_session.c"
#include "../src/tools/weirdump_template.c"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *out;
	struct bytes bytes = bytes_of(data, size);
	const uint8_t *choice = bytes_pull(&bytes, 1), *header;
	struct dump *dump;
	struct peer peer = {.port = 1};

	if (!choice)
		return 0;
	if (!out)
		out = fopen("/dev/null", "w");
	dump = calloc(1, sizeof *dump);
	dump->printer = printer_new((enum print_format)(*choice % 3), out);
	dump->templates = templates_new();
	dump->show_templates = *choice & 64;
	dump->is_stream = *choice & 128;
	dump->sessions.log = out;
	while ((header = bytes_pull(&bytes, 2)) != NULL) {
		size_t length = be16(header);
		const uint8_t *message = bytes_pull(&bytes, length);
		uint8_t *copy;

		if (!message)
			break;
		copy = malloc(length > 0 ? length : 1); /* its end is the block's end */
		memcpy(copy, message, length);
		dump_message(dump, &peer, copy, length);
		free(copy);
	}
	sessions_summary(&dump->sessions, out);
	printer_free(dump->printer);
	templates_free(dump->templates);
	free(dump);
	return 0;
}
