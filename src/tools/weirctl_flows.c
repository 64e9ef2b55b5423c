#include "weirctl_flows.h"

#include "weirctl_member.h"

#include <stdbool.h>
#include <string.h>

/* What stands beside the two endpoints, and their width: IPv4's and IPv6's longest. */
enum { AROUND_ENDPOINTS = 38, ENDPOINT_LEAST = 21, ENDPOINT_MOST = 47 };

/* "tcp", or the protocol's number. */
static const char *protocol_name(char room[8], json_int_t protocol)
{
	switch (protocol) {
	case 1: return "icmp";
	case 6: return "tcp";
	case 17: return "udp";
	case 47: return "gre";
	case 50: return "esp";
	case 58: return "icmp6";
	case 132: return "sctp";
	default: snprintf(room, 8, "%d", (int)(protocol & 255)); return room;
	}
}

/* address:port, [address]:port, or the address alone where there are no ports. */
static const char *endpoint(char room[96], const char *address, json_int_t port)
{
	if (port == 0)
		snprintf(room, 96, "%s", address);
	else
		snprintf(room, 96, strchr(address, ':') ? "[%s]:%d" : "%s:%d", address, (int)port);
	return room;
}

/* Octets a second; what was shorter than one counts as one. */
static json_int_t rate(const json_t *f)
{
	json_int_t lasted = number(f, "last_ms") - number(f, "first_ms");

	return number(f, "octets") / (lasted < 1000 ? 1 : lasted / 1000);
}

/* The number, or where it has more than `width` characters thousands, millions, ... of it. */
static const char *fitting(char out[WEIRCTL_NUMBER], json_int_t value, size_t width)
{
	static const char units[] = "KMGTPE";
	double rest = (double)value;

	if (strlen(weirctl_number(out, value)) <= width)
		return out;
	for (size_t i = 0; units[i]; i++) {
		rest /= 1000;
		if (rest < 1000 || !units[i + 1]) {
			snprintf(out, WEIRCTL_NUMBER, "%.1f%c", rest, units[i]);
			break;
		}
	}
	return out;
}

/* Returns the lines that it took: two where the addresses are too long for one. */
static int show_flow(const json_t *f, FILE *out, int width)
{
	char room[8], ends[2][96], n[3][WEIRCTL_NUMBER];
	const char *source = endpoint(ends[0], text(f, "source"), number(f, "source_port"));
	const char *destination =
		endpoint(ends[1], text(f, "destination"), number(f, "destination_port"));
	bool two = (int)strlen(source) > width || (int)strlen(destination) > width;

	fprintf(out, "%-5s ", protocol_name(room, number(f, "protocol")));
	if (two)
		fprintf(out, "%s\n      %-*s", source, 2 * width + 1, destination);
	else
		fprintf(out, "%-*s %-*s", width, source, width, destination);
	fprintf(out, " %8s %12s %8s\n", fitting(n[0], number(f, "packets"), 8),
		fitting(n[1], number(f, "octets"), 12), fitting(n[2], rate(f), 8));
	return two ? 2 : 1;
}

void weirctl_flows(const json_t *a, FILE *out, int lines, int columns)
{
	const json_t *all = at(a, "flows");
	int width = (columns - AROUND_ENDPOINTS) / 2;
	char n[WEIRCTL_NUMBER];

	if (width < ENDPOINT_LEAST)
		width = ENDPOINT_LEAST;
	if (width > ENDPOINT_MOST)
		width = ENDPOINT_MOST;
	fprintf(out, "%-5s %-*s %-*s %8s %12s %8s\n", "PROTO", width, "SOURCE", width,
		"DESTINATION", "packets", "octets", "octets/s");
	lines -= 4; /* this one, the next flow's second one, the last, the cursor's */
	for (size_t i = 0; i < json_array_size(all) && lines > 0; i++)
		lines -= show_flow(json_array_get(all, i), out, width);
	fprintf(out, "%s live flows match%s\n", weirctl_number(n, number(a, "matched")),
		json_is_true(at(a, "complete")) ? "" : "; not all could be looked at in the time");
}
