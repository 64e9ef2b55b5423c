/* config: everything that an operator can set, as plain structs.
 *
 * The schema table in schema.c (key, type, unit, range, default, one line of
 * help) reads the conf file, checks it, does --set and prints --help-config.
 * libconfig is known in this room only, in file.c. Read-only after load. The
 * structs are large (over half a megabyte): keep them off the stack. */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "export/definition.h"
#include "export/layout.h"
#include "export/options_data.h"
#include "flow/sampler.h"
#include "flow/timeout.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum {
	CONFIG_INPUTS = 64,
	CONFIG_EXPORTERS = 64,
	CONFIG_GROUPS = 16,
	CONFIG_GROUP_NAME = 32,
	CONFIG_RECORDS = 16,
	CONFIG_FILTER = 1024,
	CONFIG_NAME = 256,
	CONFIG_PATH = 1024,
	CONFIG_WORKERS = 64,
	CONFIG_TUNNEL_KINDS = 8,
	CONFIG_TUNNEL_PORTS = 8,
};

enum config_protocol { CONFIG_NETFLOW5 = 5, CONFIG_NETFLOW9 = 9, CONFIG_IPFIX = 10 };
enum config_transport { CONFIG_UDP, CONFIG_TCP, CONFIG_TLS, CONFIG_FILE };
enum config_mode { CONFIG_REPLICATE, CONFIG_HASH, CONFIG_ROUND_ROBIN, CONFIG_FAILOVER };
enum config_profile {
	CONFIG_PROFILE_NONE,
	CONFIG_PROFILE_NFDUMP,
	CONFIG_PROFILE_PMACCT,
	CONFIG_PROFILE_GOFLOW2,
	CONFIG_PROFILE_AKVORADO,
	CONFIG_PROFILE_ELASTIFLOW,
	CONFIG_PROFILE_LOGSTASH,
	CONFIG_PROFILE_SILK,
};
#define CONFIG_RATE_AUTO UINT32_MAX /* that of a file, none live */

enum config_output {
	CONFIG_OUTPUT_NONE,
	CONFIG_OUTPUT_TEXT,
	CONFIG_OUTPUT_JSON,
	CONFIG_OUTPUT_CSV
};

/* Processors by number, one for each worker; none: wherever the kernel puts them. */
struct config_cpus {
	char where[CONFIG_NAME + 16]; /* "weir.conf:12: ", to begin complaints with; or "" */
	uint16_t number[CONFIG_WORKERS];
	uint32_t count;
};

/* inputs = ( { ... } ) : one of interface and file is set */
struct config_input {
	char interface[CONFIG_NAME]; /* a name, or a pattern: pattern.h */
	uint32_t index;              /* ifIndex of one that a pattern stands for, else 0 */
	char file[4096];             /* capture file, "-": standard input */
	char filter[4096];
	uint32_t snaplen; /* octets, 64 to 262144, default 2048 */
	uint64_t buffer;  /* octets of the kernel's ring, default 64M */
	uint32_t workers; /* 1 to 64 */
	struct config_cpus cpu;
	bool promiscuous; /* default true */
};

/* Elements by name, in the order in which they were named. */
struct config_elements {
	unsigned count;
	struct definition_field field[DEFINITION_FIELDS];
};

/* records = ( { ... } ) : definitions of the user's own */
struct config_record {
	char name[DEFINITION_NAME];
	struct config_elements match;
	struct config_elements collect;
};

/* cache = { ... } */
struct config_cache {
	uint32_t entries;             /* default 65536, 16 to 268435456 */
	uint32_t pressure;            /* percent of the entries, 10 to 100, default 80 */
	char record[DEFINITION_NAME]; /* of records, or a ready-made one */
	struct definition definition; /* what it names; by config_check() */
	struct flow_timeouts timeouts;
	bool biflow;            /* both directions are one record */
	bool decapsulate_inner; /* cache.decapsulate = "none" | "inner" */
	uint32_t tunnel_depth;  /* 1 to 16, default 16 */
	uint32_t fragments;     /* entries of the fragment table, default 4096 */
	/* cache.tunnel_ports = { vxlan = [4789, 8472]; ... }: row by enum decoder_tunnel's order
	 * vxlan vxlan_gpe geneve gtpu l2tp teredo mpls lisp; 0 ends a row */
	uint16_t tunnel_ports[CONFIG_TUNNEL_KINDS][CONFIG_TUNNEL_PORTS];
};

/* sampling = { interval = N; }: one packet or one flow in N is metered */
struct config_sampling {
	enum sampler_algorithm algorithm;
	bool scale_output; /* printed counters are multiplied by the interval */
	uint32_t interval; /* 1: every packet; NetFlow v5 carries 16383 at most */
};

/* groups = ( { ... } ) : exporters that share the records */
struct config_group {
	char name[CONFIG_GROUP_NAME];
	enum config_mode mode; /* default replicate */
};

/* exporters = ( { ... } ) */
struct config_exporter {
	uint64_t given;                /* a bit for each key that somebody has set: value.h */
	enum config_profile profile;   /* whose needs the keys that nobody has set follow */
	char group[CONFIG_GROUP_NAME]; /* of groups, "": none */
	char filter[CONFIG_FILTER];    /* as flow/filter.h has it, "": none */
	char host[CONFIG_NAME];        /* name or address, brackets taken off */
	char service[32];              /* port number; default 2055, IPFIX 4739, with TLS 4740 */
	char source[CONFIG_NAME];      /* local address to send from, "": the kernel's choice */
	enum config_protocol protocol;
	enum config_transport transport;
	uint32_t observation_domain; /* v9 source id, v5 engine id (low octet), default 0 */
	uint32_t max_datagram;       /* octets of a message, 484 to 65507, default 1400 */
	int64_t template_refresh;    /* nanoseconds, default 60 s */
	uint32_t template_datagrams; /* also after so many datagrams, default 20, 0: by time only */
	bool options_data;           /* NetFlow v9 and IPFIX, default true */
	int64_t options_refresh;     /* nanoseconds, default 60 s */
	uint32_t options_datagrams;  /* also after so many datagrams, default 0: by time only */
	enum option_sampling_elements sampling_options; /* default legacy */
	enum layout_times times;
	uint32_t control_bits;   /* octets of tcpControlBits in IPFIX, 1 or 2 */
	char interface[16];      /* SO_BINDTODEVICE, "": as the routes have it */
	uint32_t dscp;           /* 0 to 63 */
	uint32_t hops;           /* TTL, hop limit; 0: the kernel's */
	uint64_t buffer;         /* octets kept until a TCP collector has them, default 16M */
	uint32_t rate;           /* datagrams a second, 0: any; CONFIG_RATE_AUTO */
	int64_t reconnect;       /* nanoseconds, default 60 s */
	bool resolve_later;      /* exporters[].resolve = "start" | "retry" */
	int64_t resolve_refresh; /* nanoseconds, default 5 minutes */
	/* tls = { ... }: files in PEM, and what the collector's certificate is of, "": host */
	char tls_ca[CONFIG_PATH];
	char tls_certificate[CONFIG_PATH];
	char tls_key[CONFIG_PATH];
	char tls_name[CONFIG_NAME];
	/* spool = { ... } */
	char spool_directory[CONFIG_PATH]; /* "": none */
	uint64_t spool_limit;              /* octets, default 1G */
	/* file = { ... } */
	char file_path[CONFIG_PATH]; /* that names begin with, in the place of a collector */
	uint64_t file_size;          /* octets, default 64M */
	int64_t file_time;           /* nanoseconds, default 5 minutes */
};

/* control = { ... } */
struct config_control {
	char socket[108]; /* path, as long as sun_path; "": no control socket */
};

/* An address to listen at, apart: "127.0.0.1:9416", "[::1]:9416". */
struct config_listen {
	char host[CONFIG_NAME]; /* brackets taken off */
	char service[8];        /* number of a port, 1 to 65535 */
};

/* False: it is none. */
bool config_read_listen(const char *text, struct config_listen *listen);

/* metrics = { ... } */
struct config_metrics {
	char listen[CONFIG_NAME]; /* ADDRESS:PORT; "": nowhere */
};

/* privileges = { ... } */
struct config_privileges {
	char user[64]; /* to become where root starts weir; "": stay, default weir */
	bool confine;  /* Landlock and seccomp, default true */
	bool capture;  /* keep CAP_NET_RAW, default false; inputs by patterns do, too */
};

struct config_routes {
	bool lookup;                    /* default true */
	char asn_database[CONFIG_NAME]; /* "": none */
	uint32_t local_interface;       /* instead of an ifIndex, for this host itself; default 0 */
};

struct config {
	struct config_input inputs[CONFIG_INPUTS];
	unsigned input_count;
	bool patterns; /* among the inputs, also where they have been expanded; by config_check() */
	bool dedup;    /* what passes several inputs is metered where it comes in; default true */
	bool nat;      /* translations are told; default false */
	uint32_t nat_entries; /* translated connections known at one time, default 65536 */
	bool meter_own;       /* weir's own messages, too; default false */
	struct config_record records[CONFIG_RECORDS];
	unsigned record_count;
	struct config_cache cache;
	struct config_sampling sampling;
	struct config_routes routes;
	struct config_group groups[CONFIG_GROUPS];
	unsigned group_count;
	struct config_exporter exporters[CONFIG_EXPORTERS];
	unsigned exporter_count;
	struct config_control control;
	struct config_metrics metrics;
	struct config_privileges privileges;
	enum config_output output; /* NONE where an exporter is configured and no -o given */
};

/* What went wrong, for a person: "weir.conf:12: cache.entries: 7 is too small, allowed are ..." */
struct config_error {
	char text[1024];
};

/* All functions: any one thread, before the others start. False: *error says
 * what (where, key, what was found, what is allowed). */
void config_defaults(struct config *config);
/* Lays the file over what *config says; its inputs and exporters take the place
 * of those there. On error *config is as it was. */
bool config_load(struct config *config, const char *path, struct config_error *error);
/* The same from memory; `name` is what complaints call it and where its
 * includes are looked for. */
bool config_parse(
	struct config *config, const char *text, const char *name, struct config_error *error);
/* One "a.b=value" or "exporters[0].protocol=netflow9", as --set gives it. The
 * index after the last one opens a new input or exporter. */
bool config_set(struct config *config, const char *assignment, struct config_error *error);
/* "H", "H:PORT", "[v6]:PORT" of -n, as exporters[].collector. */
bool config_add_collector(struct config *config, const char *collector, struct config_error *error);
/* Relations between keys (v5 and its sampling bound, an input at all, ...), and
 * default ports by protocol; last, when file and command line have been read. */
bool config_check(struct config *config, struct config_error *error);
/* Every key with its default, what is allowed and a line of help. */
void config_help(FILE *out);

/* "udp", "tcp", "tls", "file": as the file has it. */
const char *config_transport_name(enum config_transport transport);
/* "replicate", "hash", "round_robin", "failover": the same. */
const char *config_mode_name(enum config_mode mode);
/* The group's number in config->groups, or -1. */
int config_group(const struct config *config, const char *name);

/* "15", "0.5s", "500ms", "2m", "1h30m", "7d" to nanoseconds; false: not a time,
 * or more than 292 years. */
bool config_time(const char *text, int64_t *nanoseconds);

/* Fills *error, control characters made visible as '?'; always false. */
bool config_fail(struct config_error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
