/*
 * tool_session VERSION ALGORITHM uniflow|biflow PORT: a session with a clock of its own, sent to
 * 127.0.0.1; biflows have the record "tcp", with elements of an enterprise. For readers of streams:
 * options data of all kinds (sampling by ALGORITHM: count, random or flow), texts of variable
 * length, templates by time and by datagrams, interfaces and losses that change, and a clock that
 * is set back in the middle. Prints how many records of flows it gave.
 */
#include "export/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000000)
#define START  (INT64_C(1700000000) * SECOND + 123456789)

enum { FLOWS = 3000 };

static const struct option_interface interfaces[] = {
	{1, "lo", ""},
	{2, "eth0", "uplink, Z\xc3\xbcrich"},
	{4294967295, "a-name-of-fif15",
		"as many octets as there is room for, and not one more in it...."},
};

static struct flow_full_record flow(uint32_t n, int64_t now, bool biflow)
{
	static const uint8_t protocols[] = {6, 17, 1, 132};
	uint8_t protocol = protocols[n / 2 % 4];
	bool six = n % 2, icmp = protocol == 1;
	struct flow_full_record f = {
		.record =
			{
				.key.ip_version = six ? 6 : 4,
				.key.protocol = icmp && six ? 58 : protocol,
				.key.source_port = icmp ? 0 : (uint16_t)(1024 + n),
				.key.destination_port = icmp ? 0x0800 : 443,
				.packets = 2 + n % 7,
				.octets = 100 * (2 + n % 7),
				.first = now - (int64_t)(n % 50) * SECOND / 7 - SECOND,
				.last = now - SECOND / 2,
				.tcp_control_bits = protocol == 6 ? 0x1b : 0,
				.end_reason = (uint8_t)(1 + n % 5),
				.ingress_interface = 2,
			},
	};
	memset(f.record.key.source_address, 0x20, six ? 16 : 4);
	memset(f.record.key.destination_address, 0x30, six ? 16 : 4);
	memcpy(f.record.key.source_address, &n, sizeof n);
	if (!biflow)
		return f;
	f.details.biflow_direction = FLOW_BIFLOW_INITIATOR;
	f.details.forward = (struct flow_direction){.first = f.record.first,
		.last = f.record.last,
		.packets = f.record.packets,
		.octets = f.record.octets,
		.tcp_control_bits = f.record.tcp_control_bits};
	if (n % 3) { /* answered */
		f.details.reverse = f.details.forward;
		f.details.forward.packets = 1;
		f.details.forward.octets = 100;
		f.details.reverse.packets--;
		f.details.reverse.octets -= 100;
	}
	return f;
}

static struct session *begin(
	uint16_t version, enum sampler_algorithm algorithm, bool biflow, const char *port)
{
	struct transport_path path = {
		.host = "127.0.0.1", .service = port, .source = "", .interface = ""};
	struct transport_error why;
	struct transport *t = transport_udp_open(&path, &why);
	struct session_options options = {
		.layout = {.version = version,
			.definition = definition_ready(biflow ? "tcp" : "default"),
			.biflow = biflow},
		.domain = 7,
		.max_datagram = 1400,
		.template_refresh = 60 * SECOND,
		.template_datagrams = 20,
		.options = {.enabled = true,
			.refresh = 30 * SECOND,
			.datagrams = 15,
			.sampling_elements = OPTION_SAMPLING_BOTH,
			.algorithm = algorithm,
			.interval = 100,
			.process = 9},
		.active_timeout = 60,
		.idle_timeout = 15,
		.boot = START - 1000 * SECOND,
	};

	if (!t) {
		fprintf(stderr, "%s\n", why.text);
		return NULL;
	}
	return session_new(&options, t);
}

int main(int argc, char **argv)
{
	static const char *const algorithms[] = {
		[SAMPLER_COUNT] = "count", [SAMPLER_RANDOM] = "random", [SAMPLER_FLOW] = "flow"};
	unsigned algorithm = 0;

	if (argc != 5)
		return 2;
	while (algorithm < 3 && strcmp(algorithms[algorithm], argv[2]) != 0)
		algorithm++;
	bool biflow = strcmp(argv[3], "biflow") == 0;
	struct session *s = begin((uint16_t)atoi(argv[1]), algorithm, biflow, argv[4]);
	if (!s)
		return 1;
	session_interfaces(s, interfaces, 2);
	int64_t now = START;
	for (uint32_t n = 0; n < FLOWS; n++, now += SECOND / 10) {
		struct loss ignored = {0}, not_sent = {0};
		struct flow_full_record f = flow(n, now, biflow);
		session_record(s, &f.record, NULL, now);
		session_tick(s, now);
		if (n == FLOWS / 4) {
			loss_add(&ignored, 0, 3, 400, now);
			loss_add(&not_sent, 2, 5, 600, now);
			session_losses(s, &ignored, &not_sent);
		}
		if (n == FLOWS / 2) {
			now -= 200 * SECOND;
			session_interfaces(s, interfaces, 3);
		}
	}
	session_end(s, now);
	session_free(s);
	printf("%d\n", FLOWS);
	return 0;
}
