/* weirdump_netflow5: a header of 24 octets and up to 30 records of 48. */
#include "weirdump_netflow5.h"

enum { HEADER = 24, RECORD = 48, RECORDS_MOST = 30 };

/* How many records back a message may come late */
#define LATE_WINDOW (64 * RECORDS_MOST)

static const struct {
	const struct ie *ie;
	uint8_t offset;
	uint8_t length;
} layout[] = {
#define FIELD(symbol, offset, length)                  \
	{                                              \
		&ie_table[IE_##symbol], offset, length \
	}
	FIELD(sourceIPv4Address, 0, 4),
	FIELD(destinationIPv4Address, 4, 4),
	FIELD(ipNextHopIPv4Address, 8, 4),
	FIELD(ingressInterface, 12, 2),
	FIELD(egressInterface, 14, 2),
	FIELD(packetDeltaCount, 16, 4),
	FIELD(octetDeltaCount, 20, 4),
	FIELD(flowStartSysUpTime, 24, 4),
	FIELD(flowEndSysUpTime, 28, 4),
	FIELD(sourceTransportPort, 32, 2),
	FIELD(destinationTransportPort, 34, 2),
	FIELD(tcpControlBits, 37, 1),
	FIELD(protocolIdentifier, 38, 1),
	FIELD(ipClassOfService, 39, 1),
	FIELD(bgpSourceAsNumber, 40, 2),
	FIELD(bgpDestinationAsNumber, 42, 2),
	FIELD(sourceIPv4PrefixLength, 44, 1),
	FIELD(destinationIPv4PrefixLength, 45, 1),
#undef FIELD
};

#define FIELDS (sizeof layout / sizeof layout[0])

static void print_one(struct dump *dump, struct session *session, const uint8_t *record,
	const struct message_time *time)
{
	struct field fields[FIELDS];

	for (size_t i = 0; i < FIELDS; i++)
		fields[i] = (struct field){.ie = layout[i].ie,
			.id = layout[i].ie->id,
			.length = layout[i].length,
			.octets = record + layout[i].offset};
	if (record[36] != 0 || be16(record + 46) != 0)
		session_flag(session, SESSION_PADDING, "padding is not zero");
	dump_record(dump, session, fields, FIELDS, time);
}

void dump_netflow5(struct dump *dump, const struct peer *peer, const uint8_t *octets, size_t length)
{
	struct bytes bytes = bytes_of(octets, length);
	const uint8_t *header = bytes_pull(&bytes, HEADER), *record;
	struct message_time time = {.has_uptime = true};
	struct session *session;
	uint32_t sequence;
	uint16_t count, read = 0;

	if (!header) {
		peer_malformed(&dump->sessions, peer,
			"%zu octets are too few for a NetFlow v5 header", length);
		return;
	}
	session = dump_session(dump, peer, 5, be16(header + 20));
	count = be16(header + 2);
	time.uptime = be32(header + 4);
	time.milliseconds = (int64_t)be32(header + 8) * 1000 + be32(header + 12) / 1000000;
	sequence = be32(header + 16);
	if (count < 1 || count > RECORDS_MOST)
		session_malformed(session, "count %u is not between 1 and 30", count);
	session_sequence(session, sequence, LATE_WINDOW);
	for (; read < count && (record = bytes_pull(&bytes, RECORD)); read++)
		print_one(dump, session, record, &time);
	if (read < count)
		session_malformed(
			session, "count %u, but %zu octets hold %u records", count, length, read);
	else if (bytes_left(&bytes) > 0)
		session_flag(session, SESSION_TRAILING,
			"trailing octets after the last record: %zu", bytes_left(&bytes));
	session_advance(session, sequence, count, read == count);
}
