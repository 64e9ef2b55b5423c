/* When a record is over and why (flow rule 3), as tables. Times are in seconds from a base. */
#include "flow/timeout.h"
#include "suite.h"

#include <check.h>

#define SECOND  INT64_C(1000000000)
#define BASE    (INT64_C(1700000000) * SECOND)
#define ROWS(t) ((int)(sizeof(t) / sizeof((t)[0])))

enum { ICMP = 1, TCP = 6, UDP = 17, GRE = 47, ICMP6 = 58, SCTP = 132 };
enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

static const struct {
	uint8_t protocol;
	uint16_t flags;
	enum flow_class expected;
} classes[] = {
	{TCP, 0, FLOW_OTHER},
	{TCP, SYN, FLOW_OTHER},
	{TCP, SYN | ACK | PSH, FLOW_OTHER},
	{TCP, FIN, FLOW_TCP_FIN},
	{TCP, FIN | ACK, FLOW_TCP_FIN},
	{TCP, RST, FLOW_TCP_RST},
	{TCP, FIN | RST, FLOW_TCP_RST}, /* RST wins */
	{TCP, 0xffff & ~(FIN | RST), FLOW_OTHER},
	{UDP, 0, FLOW_UDP},
	{UDP, FIN | RST, FLOW_UDP},
	{ICMP, 0, FLOW_ICMP},
	{ICMP6, 0, FLOW_ICMP},
	{GRE, RST, FLOW_OTHER},
	{SCTP, FIN, FLOW_OTHER},
	{0, 0, FLOW_OTHER},
	{255, RST, FLOW_OTHER},
};

START_TEST(class_of)
{
	ck_assert_int_eq(
		flow_class_of(classes[_i].protocol, classes[_i].flags), classes[_i].expected);
}
END_TEST

/* active, idle, fin, rst, udp, icmp: all different; the defaults; active below the others. */
static const struct flow_timeouts own = {
	60 * SECOND, 15 * SECOND, 5 * SECOND, 3 * SECOND, 20 * SECOND, 2 * SECOND};
static const struct flow_timeouts as_idle = {
	60 * SECOND, 15 * SECOND, 5 * SECOND, 3 * SECOND, -1, -1};
static const struct flow_timeouts brief = {
	4 * SECOND, 4 * SECOND, 4 * SECOND, 4 * SECOND, 4 * SECOND, 0};

static const struct {
	const struct flow_timeouts *timeouts;
	uint8_t protocol;
	uint16_t flags;
	int last; /* first is 0 */
	int deadline;
	enum flow_end_reason reason;
} deadlines[] = {
	{&own, TCP, ACK, 0, 15, FLOW_END_IDLE},
	{&own, TCP, ACK, 44, 59, FLOW_END_IDLE},
	{&own, TCP, ACK, 45, 60, FLOW_END_ACTIVE}, /* a tie */
	{&own, TCP, ACK, 46, 60, FLOW_END_ACTIVE},
	{&own, TCP, ACK, 59, 60, FLOW_END_ACTIVE},
	{&own, TCP, FIN, 0, 5, FLOW_END_DETECTED},
	{&own, TCP, FIN, 54, 59, FLOW_END_DETECTED},
	{&own, TCP, FIN, 55, 60, FLOW_END_ACTIVE},
	{&own, TCP, RST, 0, 3, FLOW_END_DETECTED},
	{&own, TCP, FIN | RST, 10, 13, FLOW_END_DETECTED},
	{&own, TCP, RST, 57, 60, FLOW_END_ACTIVE},
	{&own, UDP, 0, 0, 20, FLOW_END_IDLE},
	{&own, UDP, 0, 40, 60, FLOW_END_ACTIVE},
	{&own, ICMP, 0, 0, 2, FLOW_END_IDLE},
	{&own, ICMP6, 0, 57, 59, FLOW_END_IDLE},
	{&own, GRE, 0, 0, 15, FLOW_END_IDLE},
	{&as_idle, UDP, 0, 7, 22, FLOW_END_IDLE},
	{&as_idle, ICMP, 0, 7, 22, FLOW_END_IDLE},
	{&as_idle, ICMP6, 0, 50, 60, FLOW_END_ACTIVE},
	{&brief, TCP, FIN, 0, 4, FLOW_END_ACTIVE},
	{&brief, UDP, 0, 0, 4, FLOW_END_ACTIVE},
	{&brief, ICMP, 0, 3, 3, FLOW_END_IDLE}, /* over at once */
	{&flow_timeouts_default, TCP, ACK, 0, 15, FLOW_END_IDLE},
	{&flow_timeouts_default, TCP, FIN, 0, 5, FLOW_END_DETECTED},
	{&flow_timeouts_default, TCP, RST, 0, 5, FLOW_END_DETECTED},
	{&flow_timeouts_default, UDP, 0, 0, 15, FLOW_END_IDLE},
	{&flow_timeouts_default, ICMP, 0, 50, 60, FLOW_END_ACTIVE},
};

static struct flow_record record_of(uint8_t protocol, uint16_t flags, int64_t last)
{
	return (struct flow_record){
		.key.protocol = protocol,
		.tcp_control_bits = flags,
		.class = (uint8_t)flow_class_of(protocol, flags),
		.first = BASE,
		.last = BASE + last * SECOND,
	};
}

START_TEST(deadline_and_reason)
{
	struct flow_limits limits = flow_limits_of(deadlines[_i].timeouts);
	struct flow_record r =
		record_of(deadlines[_i].protocol, deadlines[_i].flags, deadlines[_i].last);

	ck_assert_int_eq(flow_deadline(&limits, &r), BASE + deadlines[_i].deadline * SECOND);
	ck_assert_int_eq(flow_end_reason_of(&limits, &r), deadlines[_i].reason);
}
END_TEST

/* One nanosecond decides between the two. */
START_TEST(tie_to_the_nanosecond)
{
	struct flow_limits limits = flow_limits_of(&own);
	struct flow_record r = record_of(TCP, ACK, 45);

	r.last--;
	ck_assert_int_eq(flow_deadline(&limits, &r), BASE + 60 * SECOND - 1);
	ck_assert_int_eq(flow_end_reason_of(&limits, &r), FLOW_END_IDLE);
	r.last++;
	ck_assert_int_eq(flow_end_reason_of(&limits, &r), FLOW_END_ACTIVE);
}
END_TEST

static const struct {
	uint8_t protocol;
	uint16_t before, packet;
	bool expected;
} reopenings[] = {
	{TCP, FIN, SYN, true},
	{TCP, RST, SYN, true},
	{TCP, FIN | RST | ACK, SYN | PSH, true},
	{TCP, FIN, SYN | ACK, false},
	{TCP, FIN, ACK, false},
	{TCP, FIN, 0, false},
	{TCP, FIN, SYN | FIN, true},
	{TCP, SYN | ACK, SYN, false}, /* still open */
	{TCP, 0, SYN, false},
	{UDP, FIN, SYN, false},
	{ICMP, RST, SYN, false},
};

START_TEST(reopens)
{
	struct flow_record r = record_of(reopenings[_i].protocol, reopenings[_i].before, 0);

	ck_assert_int_eq(flow_reopens(&r, reopenings[_i].packet), reopenings[_i].expected);
}
END_TEST

/* What the first packet gives a record. */
START_TEST(open_record)
{
	struct packet p = {
		.protocol = TCP,
		.tcp_control_bits = RST,
		.time = BASE,
		.octets = 40,
		.interface = 7,
		.direction = (uint8_t)_i,
		.vlan_id = _i ? 0x123 : 0,
	};
	struct flow_record r;

	memset(&r, 0xa5, sizeof r);
	flow_record_open(&r, flow_key_of(&p), &p);
	ck_assert_mem_eq(&r.key, &p, sizeof r.key);
	ck_assert(r.first == BASE && r.last == BASE && r.packets == 1 && r.octets == 40);
	ck_assert(r.tcp_control_bits == RST && r.class == FLOW_TCP_RST && r.end_reason == 0);
	ck_assert_uint_eq(r.ingress_interface, _i == FRAME_INGRESS ? 7 : 0);
	ck_assert_uint_eq(r.egress_interface, _i == FRAME_EGRESS ? 7 : 0);
	ck_assert_uint_eq(r.vlan_id, _i ? 0x123 : 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("timeout");
	TCase *cases = tcase_create("timeout");

	tcase_add_loop_test(cases, class_of, 0, ROWS(classes));
	tcase_add_loop_test(cases, deadline_and_reason, 0, ROWS(deadlines));
	tcase_add_test(cases, tie_to_the_nanosecond);
	tcase_add_loop_test(cases, reopens, 0, ROWS(reopenings));
	tcase_add_loop_test(cases, open_record, FRAME_INGRESS, FRAME_EGRESS + 1);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
