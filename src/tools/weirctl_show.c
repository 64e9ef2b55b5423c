#include "weirctl_show.h"

#include "weirctl_flows.h"
#include "weirctl_member.h"
#include "weirctl_templates.h"

#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

enum { COLUMNS = 80, CPUS_A_LINE = 10 };

/* A row of the ledger: two numbers, what they are, and how deep it is in the sum. */
static void row(FILE *out, const char *sign, const char *label, json_int_t a, json_int_t b)
{
	char first[WEIRCTL_NUMBER], second[WEIRCTL_NUMBER];

	fprintf(out, "%2s %-36s %18s %20s\n", sign, label, weirctl_number(first, a),
		weirctl_number(second, b));
}

static void count(FILE *out, const char *sign, const char *label, const json_t *c)
{
	row(out, sign, label, number(c, "frames"), number(c, "octets"));
}

static void ignored(FILE *out, const json_t *all)
{
	const json_t *by = at(all, "by");
	char label[64];

	count(out, "-", "ignored", all);
	for (size_t i = 0; i < json_array_size(by); i++) {
		const json_t *o = json_array_get(by, i);
		snprintf(label, sizeof label, "    %.48s", text(o, "text"));
		count(out, "", label, o);
	}
}

static void ledger_packets(FILE *out, const json_t *p)
{
	fprintf(out, "%-39s %18s %20s\n", "PACKETS", "frames", "octets on the wire");
	count(out, "", "seen", at(p, "seen"));
	ignored(out, at(p, "ignored"));
	count(out, "-", "sampled out", at(p, "sampled_out"));
	if (number(at(p, "own"), "frames"))
		count(out, "-", "messages of weir itself", at(p, "own"));
	count(out, "=", "metered", at(p, "metered"));
	if (number(at(p, "filtered"), "frames"))
		count(out, "", "before that, filtered out", at(p, "filtered"));
	if (number(at(p, "duplicates"), "frames"))
		count(out, "", "before that, seen on another input", at(p, "duplicates"));
}

static void ledger_kernel(FILE *out, const json_t *k)
{
	char received[WEIRCTL_NUMBER], dropped[WEIRCTL_NUMBER], lost[WEIRCTL_NUMBER];

	fprintf(out, "   the kernel took %s and dropped %s; interface drops %s\n",
		weirctl_number(received, number(k, "received")),
		weirctl_number(dropped, number(k, "dropped")),
		weirctl_number(lost, number(k, "interface_dropped")));
}

/* A row of the second table. */
static void tally(FILE *out, const char *sign, const char *label, const json_t *t)
{
	char flows[WEIRCTL_NUMBER], packets[WEIRCTL_NUMBER], octets[WEIRCTL_NUMBER];

	fprintf(out, "%2s %-26s %13s %15s %19s\n", sign, label,
		weirctl_number(flows, number(t, "flows")),
		weirctl_number(packets, number(t, "packets")),
		weirctl_number(octets, number(t, "octets")));
}

static void ledger_flows(FILE *out, const json_t *f)
{
	const json_t *all = at(f, "collectors");

	fprintf(out, "\n%-29s %13s %15s %19s\n", "FLOWS", "records", "packets",
		"octets of layer 3");
	tally(out, "", "metered", at(f, "metered"));
	tally(out, "-", "live in the cache", at(f, "live"));
	tally(out, "-", "on the way", at(f, "transit"));
	tally(out, "-", "lost, the ring was full", at(f, "lost"));
	tally(out, "=", "at the exporter", at(f, "exported"));
	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *c = json_array_get(all, i);
		fprintf(out, "\nCOLLECTOR %s\n", text(c, "name"));
		tally(out, "", "sent", at(c, "sent"));
		tally(out, "+", "pending", at(c, "pending"));
		tally(out, "+", "lost, could not be sent", at(c, "lost"));
		tally(out, "+", "not exportable (IPv6, v5)", at(c, "not_exportable"));
		if (number(at(c, "elsewhere"), "flows"))
			tally(out, "+", "to others of its group", at(c, "elsewhere"));
		if (number(at(c, "filtered"), "flows"))
			tally(out, "+", "left out by its filter", at(c, "filtered"));
		if (number(at(c, "absent"), "flows"))
			tally(out, "+", "while it was not configured", at(c, "absent"));
		tally(out, "=", "at the exporter", at(f, "exported"));
		if (number(at(c, "in_doubt"), "flows"))
			tally(out, "", "of those sent, in doubt", at(c, "in_doubt"));
	}
}

static void ledger_nat(FILE *out, const json_t *n, const json_t *collectors)
{
	char heard[WEIRCTL_NUMBER], sent[WEIRCTL_NUMBER], lost[WEIRCTL_NUMBER];

	if (!number(n, "events") && !number(n, "connections"))
		return;
	fprintf(out, "\nNAT %s events, overruns %s\n", weirctl_number(heard, number(n, "events")),
		weirctl_number(lost, number(n, "overruns")));
	for (size_t i = 0; i < json_array_size(collectors); i++) {
		const json_t *c = json_array_get(collectors, i), *e = at(c, "events");
		fprintf(out, "   to %s: sent %s, lost %s\n", text(c, "name"),
			weirctl_number(sent, number(e, "sent")),
			weirctl_number(lost, number(e, "lost")));
	}
}

static void show_ledger(const json_t *a, FILE *out)
{
	const json_t *p = at(a, "packets");

	ledger_packets(out, p);
	ledger_kernel(out, at(p, "kernel"));
	ledger_flows(out, at(a, "flows"));
	ledger_nat(out, at(a, "nat"), at(at(a, "flows"), "collectors"));
	if (json_is_true(at(a, "adds_up")))
		fputs("\nThe ledger adds up.\n", out);
	else
		fprintf(out, "\nTHE LEDGER DOES NOT ADD UP: %s\n", text(a, "wrong"));
}

static void duration(FILE *out, json_int_t s)
{
	if (s >= 86400)
		fprintf(out, "%" JSON_INTEGER_FORMAT " d ", s / 86400);
	fprintf(out, "%02d:%02d:%02d", (int)(s / 3600 % 24), (int)(s / 60 % 60), (int)(s % 60));
}

/* What there is to say of an input besides its numbers, each on a line of its own. */
static void input_details(FILE *out, const json_t *in)
{
	const json_t *cpus = at(in, "cpu");
	int failed = (int)number(in, "failed");

	for (size_t i = 0; i < json_array_size(cpus); i++)
		fprintf(out, "%s%" JSON_INTEGER_FORMAT,
			i == 0            ? "  on processor "
			: i % CPUS_A_LINE ? ", "
					  : ",\n               ",
			json_integer_value(json_array_get(cpus, i)));
	if (json_array_size(cpus))
		fputc('\n', out);
	if (strcmp(text(in, "state"), "down") == 0)
		fputs("  the interface is down\n", out);
	if (strcmp(text(in, "state"), "gone") == 0)
		fputs("  the interface has gone\n", out);
	if (failed)
		fprintf(out, "  %d of %d workers have failed, see the log\n", failed,
			(int)number(in, "workers"));
}

static void status_inputs(FILE *out, const json_t *all)
{
	char frames[WEIRCTL_NUMBER], octets[WEIRCTL_NUMBER], dropped[WEIRCTL_NUMBER];

	fprintf(out, "\n%-16s %7s %18s %21s %14s\n", "INPUT", "workers", "packets", "octets",
		"kernel drops");
	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *in = json_array_get(all, i);
		fprintf(out, "%-16s %7d %18s %21s %14s\n", text(in, "interface"),
			(int)number(in, "workers"), weirctl_number(frames, number(in, "frames")),
			weirctl_number(octets, number(in, "octets")),
			weirctl_number(dropped, number(in, "kernel_dropped")));
		input_details(out, in);
	}
}

static void status_pressure(FILE *out, const json_t *p)
{
	char n[2][WEIRCTL_NUMBER];

	if (number(p, "times") == 0)
		return;
	fprintf(out, "           under pressure %s times, %s flows closed so",
		weirctl_number(n[0], number(p, "times")),
		weirctl_number(n[1], number(p, "closed")));
	if (json_is_true(at(p, "now")))
		fprintf(out, "; now idle after %.3f s", json_real_value(at(p, "idle")));
	fputc('\n', out);
}

static void status_cache(FILE *out, const json_t *a)
{
	const json_t *c = at(a, "cache"), *ring = at(a, "ring"), *f = at(a, "fragments");
	char n[4][WEIRCTL_NUMBER];

	fprintf(out, "\ncache      %s of %s entries in use (%.1f %%), %s displaced\n",
		weirctl_number(n[0], number(c, "live")), weirctl_number(n[1], number(c, "entries")),
		100 * json_real_value(at(c, "fill")), weirctl_number(n[2], number(c, "displaced")));
	status_pressure(out, at(c, "pressure"));
	fprintf(out, "           clock set back %s times\n",
		weirctl_number(n[0], number(c, "clock_set_back")));
	fprintf(out, "ring       %s of %s records, %s lost\n",
		weirctl_number(n[0], number(ring, "records")),
		weirctl_number(n[1], number(ring, "size")),
		weirctl_number(n[2], number(ring, "lost")));
	fprintf(out, "fragments  %s first, %s later (%s without a first), %s displaced\n",
		weirctl_number(n[0], number(f, "first")), weirctl_number(n[1], number(f, "later")),
		weirctl_number(n[2], number(f, "orphans")),
		weirctl_number(n[3], number(f, "displaced")));
}

/* Turns in which others kept a cache from its capture thread, and what that one waited. */
static void status_holds(FILE *out, const json_t *all)
{
	static const struct {
		const char *name, *label;
	} rows[] = {
		{"expiry", "expiry"},
		{"flows", "looking at live flows"},
		{"counters", "reading counters"},
		{"capture_waited", "what capture waited for these"},
	};
	static const char *const columns[] = {"p50_us", "p99_us", "p999_us", "longest_us"};
	char n[WEIRCTL_NUMBER];

	fprintf(out, "\n%-30s %13s %7s %7s %7s %10s\n", "HELD BY (microseconds)", "turns", "50 %",
		"99 %", "99.9 %", "longest");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const json_t *h = at(all, rows[i].name);
		fprintf(out, "%-30s %13s", rows[i].label, weirctl_number(n, number(h, "turns")));
		for (size_t k = 0; k < sizeof columns / sizeof *columns; k++)
			fprintf(out, " %*s", k < 3 ? 7 : 10,
				weirctl_number(n, number(h, columns[k])));
		fputc('\n', out);
	}
}

static void status_collectors(FILE *out, const json_t *all)
{
	char n[4][WEIRCTL_NUMBER];

	if (json_array_size(all) == 0)
		return;
	fprintf(out, "\n%-28s %-8s %-7s %14s %9s %9s\n", "COLLECTOR", "PROTOCOL", "STATE",
		"records", "lost", "refusals");
	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *c = json_array_get(all, i);
		fprintf(out, "%-28s %-8s %-7s %14s %9s %9s\n", text(c, "name"), text(c, "protocol"),
			text(c, "state"), weirctl_number(n[0], number(c, "records")),
			weirctl_number(n[1], number(c, "lost")),
			weirctl_number(n[2], number(c, "refusals")));
	}
}

static void status_groups(FILE *out, const json_t *all)
{
	char n[WEIRCTL_NUMBER];

	if (json_array_size(all) == 0)
		return;
	fprintf(out, "\n%-28s %-12s %10s %14s\n", "GROUP", "MODE", "well", "switches");
	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *g = json_array_get(all, i);
		char well[32];
		snprintf(well, sizeof well, "%d of %d", (int)number(g, "well"),
			(int)number(g, "members"));
		fprintf(out, "%-28s %-12s %10s %14s\n", text(g, "name"), text(g, "mode"), well,
			weirctl_number(n, number(g, "switches")));
	}
}

static void show_status(const json_t *a, FILE *out)
{
	fprintf(out, "weir %s, process %d, up ", text(a, "version"), (int)number(a, "pid"));
	duration(out, number(a, "uptime"));
	if (number(a, "sampling") > 1)
		fprintf(out, ", 1 packet in %" JSON_INTEGER_FORMAT, number(a, "sampling"));
	fputc('\n', out);
	status_inputs(out, at(a, "inputs"));
	status_cache(out, a);
	status_holds(out, at(a, "holds"));
	status_collectors(out, at(a, "collectors"));
	status_groups(out, at(a, "groups"));
	fputs(json_is_true(at(a, "adds_up")) ? "\nThe ledger adds up.\n"
					     : "\nTHE LEDGER DOES NOT ADD UP: see weirctl ledger\n",
		out);
}

static void show_timeouts(const json_t *a, FILE *out)
{
	static const char *const names[] = {"active", "idle", "udp", "icmp", "tcp.fin", "tcp.rst"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		fprintf(out, "%-8s %10.3f s\n", names[i], json_number_value(at(a, names[i])));
}

static void show_elements(const json_t *a, FILE *out)
{
	const json_t *all = at(a, "elements");

	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *e = json_array_get(all, i);
		fprintf(out, "%5d  %-30s %-22s %s\n", (int)number(e, "id"), text(e, "name"),
			text(e, "v9"), text(e, "type"));
	}
}

static void show_flows(const json_t *a, FILE *out)
{
	weirctl_flows(a, out, INT_MAX, COLUMNS);
}

static size_t show_notes(const json_t *notes, const char *what, FILE *out)
{
	size_t i;
	json_t *note;

	json_array_foreach(notes, i, note)
		fprintf(out, "%-18s %s\n", what, json_string_value(note));
	return json_array_size(notes);
}

static void show_reload(const json_t *a, FILE *out)
{
	size_t notes = show_notes(json_object_get(a, "changed"), "taken up", out);

	notes += show_notes(json_object_get(a, "needs_restart"), "needs a restart", out);
	if (!notes)
		fprintf(out, "nothing differs\n");
}

static void show_flush(const json_t *a, FILE *out)
{
	char n[WEIRCTL_NUMBER];

	fprintf(out, "%s live flows are being exported\n", weirctl_number(n, number(a, "flushed")));
}

static void show_log(const json_t *a, FILE *out)
{
	fprintf(out, "logging from %s on: %s\n", text(a, "level"), text(a, "room"));
}

static void show_help(const json_t *a, FILE *out)
{
	const json_t *all = at(a, "commands");

	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *c = json_array_get(all, i);
		fprintf(out, "%-10s %s\n", text(c, "name"), text(c, "help"));
	}
}

static const struct {
	const char *command;
	void (*show)(const json_t *answer, FILE *out);
} forms[] = {
	{"ledger", show_ledger},
	{"status", show_status},
	{"timeouts", show_timeouts},
	{"elements", show_elements},
	{"help", show_help},
	{"templates", weirctl_show_templates},
	{"flows", show_flows},
	{"flush", show_flush},
	{"reload", show_reload},
	{"log", show_log},
};

void weirctl_show(const char *command, const json_t *answer, FILE *out)
{
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		if (strcmp(forms[i].command, command) == 0) {
			forms[i].show(answer, out);
			return;
		}
	}
	json_dumpf(answer, out, JSON_INDENT(2));
	fputc('\n', out);
}
