/* transport: how messages reach a collector.
 *
 * A transport is a struct of functions in a file of its own; whoever holds one
 * calls through it. One thread's, the exporter's. */
#ifndef EXPORT_TRANSPORT_H
#define EXPORT_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What messages carry, for the sums of whoever sends them. */
struct transport_load {
	uint64_t messages;
	uint64_t length;  /* octets of the messages */
	uint64_t records; /* data records of flows */
	uint64_t options; /* of options data */
	uint64_t events;  /* and of events */
	uint64_t flows;   /* begun inside: a flow in several records counts once */
	uint64_t packets; /* of these flows */
	uint64_t octets;
};

static inline void transport_load_add(struct transport_load *sum, const struct transport_load *load)
{
	sum->messages += load->messages;
	sum->length += load->length;
	sum->records += load->records;
	sum->options += load->options;
	sum->events += load->events;
	sum->flows += load->flows;
	sum->packets += load->packets;
	sum->octets += load->octets;
}

static inline void transport_load_take(
	struct transport_load *sum, const struct transport_load *load)
{
	sum->messages -= load->messages;
	sum->length -= load->length;
	sum->records -= load->records;
	sum->options -= load->options;
	sum->events -= load->events;
	sum->flows -= load->flows;
	sum->packets -= load->packets;
	sum->octets -= load->octets;
}

struct transport_message {
	const uint8_t *octets;
	uint32_t length;
	uint32_t step;  /* by how much it moves the sequence on */
	bool templates; /* nothing but templates: what follows is read by them */
	struct transport_load load;
	int error; /* set by send: 0: it left; EMSGSIZE: it is longer than the path takes
		      now, and neither it nor those behind it were tried; EINPROGRESS: it is kept,
		      and a report tells what became of it; else the errno that kept it from leaving
		    */
};

/* What became of messages that were kept, since the last report. */
struct transport_report {
	struct transport_load delivered;
	struct transport_load lost;
	int error;                     /* errno of the lost */
	struct transport_load dropped; /* of those that had left: a router found them too long */
	unsigned refused; /* earlier messages that could not be delivered, seen since (ICMP) */
	bool away;        /* the far side cannot be reached now */
	bool busy;        /* there is something left to wait for */
};

struct receiver_room;
struct tls_context;
struct transport;
struct socket_addresses; /* of export/socket.h */

struct transport_ops {
	/* Sends all in order, each whole or not at all; sets every error. Returns how
	 * many earlier messages the far side was seen to refuse (ICMP). */
	unsigned (*send)(
		struct transport *transport, struct transport_message *messages, unsigned count);
	/* Octets that a message may have now; NULL: as many as any has. */
	uint32_t (*most)(struct transport *transport);
	/* Looks at the socket of this host that takes the messages. False: that is not known.
	 * NULL: it never is. */
	bool (*look)(struct transport *transport, struct receiver_room *room);
	/* Goes on with what takes its time, and adds to the report. */
	void (*work)(struct transport *transport, struct transport_report *report);
	/* No more will be sent: what is kept is delivered, while work() is called. NULL where
	 * a message that was sent is done with. */
	void (*end)(struct transport *transport);
	/* What is kept then is lost without a report. */
	void (*close)(struct transport *transport);
	/* Other certificates for the next connection, which it takes over; NULL: it has none. */
	void (*renew)(struct transport *transport, struct tls_context *context);
	/* What it keeps of templates is of no use to messages to come, or NULL. */
	void (*forget)(struct transport *transport);
	/* The collector's addresses are these now; where it is sent to already, it stays if that
	 * is among them. True: messages go elsewhere from now on, and nobody knows the
	 * templates there. NULL where there are no addresses. */
	bool (*redirect)(struct transport *transport, const struct socket_addresses *addresses);
	/* Puts the templates at the head of each connection or file itself, and gives its
	 * messages sequence numbers there: they are sent to it once. */
	bool keeps_templates;
};

/* An IP address, octets in the order of the network. */
struct transport_address {
	uint8_t version; /* 4, 6; 0: not known */
	uint8_t octets[16];
};

struct transport {
	const struct transport_ops *ops;
	struct transport_address local; /* that messages are sent from, as it was at first */
};

#define TRANSPORT_PATIENCE (INT64_C(10) * 1000000000) /* with whom nothing moves on */

/* Why a transport could not be opened. */
struct transport_error {
	char text[256];
};

/* Where to and by which way. */
struct transport_path {
	const char *host;      /* name or address */
	const char *service;   /* number of a port */
	const char *source;    /* local address, "": the kernel's choice */
	const char *interface; /* that alone, "": as the routes have it */
	unsigned dscp;         /* 0 to 63 */
	unsigned hops;         /* TTL or hop limit, 0: the kernel's */
	bool may_wait;         /* a name is not resolved now: redirect() brings its addresses */
	bool patient;          /* waits for room, as who reads a file can */
};

/* Files in PEM. */
struct transport_tls_options {
	const char *ca;          /* authorities, one of which the collector's is from */
	const char *certificate; /* ours, with what leads to an authority */
	const char *key;         /* of it */
	const char *name;        /* name or address that the collector's is of */
};

/* The functions that open resolve the name and so may block. NULL: *error says why;
 * owner closes the transport with ops->close().
 *
 * A socket whose way takes thousands of datagrams a second is waited for. One that takes
 * fewer is so in proportion, and one that takes none is not after the first moment: whatever
 * finds no room then is lost, so that others, too, are sent to. */
struct transport *transport_udp_open(
	const struct transport_path *path, struct transport_error *error);

struct transport_pace {
	uint32_t rate;      /* messages a second at most */
	uint64_t buffer;    /* octets of messages kept for their turn */
	bool patient;       /* waits for the turn instead */
	bool watch;         /* the patient: where the receiving socket is in sight, as fast as that
			       has room, whatever the rate */
	int64_t standstill; /* nanoseconds after which such a socket that nobody reads is not
			       waited for any longer */
};

/* Paces another transport, which it takes over, also when it fails: NULL, out of memory. Only for
 * a transport that keeps nothing itself. */
struct transport *transport_paced_new(struct transport *inner, const struct transport_pace *pace);

struct transport_stream_options {
	struct transport_path path;
	const char *name;  /* of the collector, for the log */
	uint64_t buffer;   /* octets of messages kept until the far side has them */
	int64_t reconnect; /* nanoseconds from one attempt to the next */
	const char *spool; /* directory for what finds no room there, NULL: none */
	uint64_t spool_limit;
	const struct transport_tls_options *tls; /* NULL: plain TCP */
};

/* TCP, RFC 7011 section 10.4, with TLS or without, for IPFIX alone. The collector may be away: the
 * connection is made when it is back. Asks the steady clock when to try again. */
struct transport *transport_stream_open(
	const struct transport_stream_options *options, struct transport_error *error);

struct transport_file_options {
	const char *path; /* of which names are made */
	uint64_t size;    /* octets of a file at most */
	int64_t time;     /* nanoseconds that a file is of, whole seconds */
};

/* IPFIX files, RFC 5655. Writes as it is called and so may wait for the disk; what it has
 * no room for is lost. Asks the wall clock when a file is over, but only in work(). */
struct transport *transport_file_open(
	const struct transport_file_options *options, struct transport_error *error);

#endif
