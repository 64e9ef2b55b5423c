/*
 * The capture generator. A scenario composes frames from the inside out, as a sender does: payload,
 * transport, IP, tunnel, link. Each layer puts its header in front of what is there and leaves a
 * note of what the next one needs (the IP protocol number, the EtherType), so `tcp ip vlan eth` and
 * `udp ip eth vxlan udp ip eth` read like the packet.
 *
 * ip() also notes the flow, the octets and the flags: what was generated is known without decoding
 * it, and the truth table (truth.c) makes from these notes the records that an exact exporter must
 * give. Scenarios correct the note where a packet is made wrong on purpose.
 *
 * Nothing here shares code, constants or types with the exporter.
 */
#ifndef GEN_H
#define GEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SECOND      UINT64_C(1000000000)
#define MILLISECOND UINT64_C(1000000)
#define MICROSECOND UINT64_C(1000)

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, URG = 32, ECE = 64, CWR = 128 };
enum { ICMP = 1, IPIP = 4, TCP = 6, UDP = 17, SIXIN4 = 41, GRE = 47, AH = 51, ICMP6 = 58 };

/* The classic key without the interface. No padding: compared and hashed as bytes. */
struct flow {
	uint8_t src[16], dst[16]; /* IPv4 in the first four octets */
	uint16_t sport, dport;    /* ICMP: 0 and type * 256 + code */
	uint8_t version, proto, tos, zero;
};

/* What one IP layer adds to its flow. */
struct note {
	struct flow flow;
	uint64_t octets;
	uint8_t flags;
};

enum fate { FATE_AUTO, FATE_IP, FATE_NON_IP, FATE_MALFORMED, FATE_UNSUPPORTED };

#define HEADROOM   1024
#define FRAME_ROOM (HEADROOM + 66000)

struct frame {
	size_t at, end;           /* the frame is room[at..end) */
	uint64_t unseen;          /* octets that were on the wire but are not in the file */
	uint8_t next;             /* IP protocol of what stands at the head */
	uint16_t ethertype;       /* EtherType of what stands at the head */
	uint8_t flags;            /* TCP flags for the next ip() */
	int layers;               /* IP layers so far */
	struct note outer, inner; /* the last and the first IP layer */
	enum fate fate;
	uint8_t room[FRAME_ROOM];
};

struct truth;
struct sink;

struct gen {
	struct sink *sink;
	struct truth *truth;
	uint64_t time, random;
	uint64_t flows, packets; /* --flows, --packets: for `many` */
	bool inner;              /* the truth is that of the innermost IP packet */
	bool sorted;             /* frames wait and are written in the order of time */
	uint64_t seen, ip, non_ip, malformed, unsupported, octets;
	struct wait *waiting;
	size_t waits, room;
	uint16_t linktype;
};

/* main.c: the way of a finished frame. Its time is g->time. */
void emit(struct gen *g, const struct frame *f);
void flush_waiting(struct gen *g);
/* Runs a scenario that there is into g->sink, in a truth if g has one. */
void run_scenario(struct gen *g, const char *scenario);
uint64_t pick(struct gen *g, uint64_t low, uint64_t high);

/* file.c */
struct sink *sink_open(const char *path, const char *format, uint16_t linktype);
/* Frames go to a function instead of a file. */
typedef void sink_take(
	void *arg, uint64_t ns, const uint8_t *data, uint32_t captured, uint32_t wire);
struct sink *sink_to(sink_take *take, void *arg);
/* No reader of the file can know of the next frame. */
bool sink_is_broken(const struct sink *s);
uint64_t sink_tick(const struct sink *s); /* nanoseconds that its time stamps resolve */
void sink_write(struct sink *s, uint64_t ns, const uint8_t *data, uint32_t captured, uint32_t wire);
bool sink_close(struct sink *s);

/* seeds.c: what the fuzzer NAME begins with, as files in a folder; returns the exit status */
int seeds_write(const char *name, const char *folder);

/* truth.c: flow rule 3, in nanoseconds of packet time */
struct limits {
	uint64_t active, idle, fin, rst, udp, icmp; /* udp, icmp: 0 = as idle */
};
struct truth *truth_new(const struct limits *limits);
void truth_packet(struct truth *t, const struct note *n, uint64_t time);
bool truth_write(struct truth *t, const struct gen *g, const char *path);
void truth_free(struct truth *t);

/* packet.c: addresses, flows and the layers from payload to IP */
struct flow flow4(uint32_t src, uint32_t dst, uint8_t proto, uint16_t sport, uint16_t dport);
struct flow flow6(uint32_t src, uint32_t dst, uint8_t proto, uint16_t sport, uint16_t dport);
struct flow flow_icmp(const struct flow *between, uint8_t type, uint8_t code);
struct flow flow_back(const struct flow *f);
struct flow flow_portless(const struct flow *f);

struct ip_more {
	uint32_t id;
	uint16_t offset; /* in octets, a multiple of 8 */
	bool more;       /* MF */
	bool df;
	bool zero_length; /* total length 0, as segmentation offload leaves it */
	uint8_t options;  /* octets of IPv4 options, a multiple of 4 */
};

void payload(struct frame *f, size_t octets);
void payload_bytes(struct frame *f, const void *bytes, size_t octets);
uint8_t *push(struct frame *f, size_t octets);
void put16(uint8_t *p, unsigned v);
void put32(uint8_t *p, uint32_t v);
void tcp(struct frame *f, const struct flow *flow, uint8_t flags, uint32_t seq, uint32_t ack);
void udp(struct frame *f, const struct flow *flow);
void icmp(struct frame *f, const struct flow *flow, uint32_t rest);
void ported(struct frame *f, const struct flow *flow, size_t header);
void transport(struct frame *f, const struct flow *flow, uint8_t flags);
void plain(struct gen *g, const struct flow *flow, uint8_t flags, size_t octets);
void extension(struct frame *f, uint8_t kind, size_t octets);
void fragment_header(struct frame *f, uint32_t id, uint16_t offset, bool more);
void ip(struct frame *f, const struct flow *flow);
void ip_with(struct frame *f, const struct flow *flow, const struct ip_more *more);
void fragments(struct gen *g, const struct frame *whole, const struct flow *flow, uint32_t id,
	size_t size, uint64_t gap);
void cut(struct frame *f, size_t captured); /* as a snaplen does */

/* link.c */
void eth(struct frame *f);
void vlan(struct frame *f, uint16_t tpid, uint16_t tag);
void snap(struct frame *f, uint32_t oui, uint16_t type);
void llc(struct frame *f, uint8_t dsap, uint8_t ssap, uint8_t control);
void length_field(struct frame *f);
void itag(struct frame *f, uint32_t isid);
void mpls(struct frame *f, uint32_t label);
void ppp_protocol(struct frame *f, bool compressed);
void pppoe(struct frame *f, uint16_t session);
void ether_pad(struct frame *f); /* to the 60 octets that Ethernet needs */
bool link_header(struct frame *f, uint16_t linktype, unsigned variant);
const uint16_t *link_types(size_t *count);

/* tunnel.c */
enum { GRE_SUM = 0x8000, GRE_KEY = 0x2000, GRE_SEQ = 0x1000 };
void gre(struct frame *f, uint16_t flags);
void pptp(struct frame *f, bool ack);
void erspan(struct frame *f, unsigned type);
void etherip(struct frame *f);
void ah(struct frame *f, size_t icv);
void vxlan(struct frame *f, uint32_t vni);
void vxlan_gpe(struct frame *f, uint32_t vni);
void geneve(struct frame *f, uint32_t vni, size_t options);
void gtpu(struct frame *f, uint32_t teid, unsigned extensions);
void l2tp(struct frame *f, bool with_length, bool with_sequence, unsigned offset);
void teredo(struct frame *f, bool authentication, bool origin);
void lisp(struct frame *f);

/* The scenarios, one file for each family. */
void scenario_office(struct gen *g);
void scenario_timeouts(struct gen *g);
void scenario_fragments(struct gen *g);
void scenario_links(struct gen *g);
void scenario_tunnels(struct gen *g);
void scenario_damage(struct gen *g);
void scenario_ethertypes(struct gen *g);
void scenario_ports(struct gen *g);
void scenario_many(struct gen *g);
void scenario_counters(struct gen *g);
void scenario_times(struct gen *g);

#endif
