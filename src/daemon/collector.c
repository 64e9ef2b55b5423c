#include "daemon/collector.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/health.h"
#include "daemon/interfaces.h"
#include "export/tls.h"
#include "flow/filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	COMPLAIN_SECONDS = 60,
	FILE_RATE = 25000, /* datagrams a second */
};

struct collector {
	char name[EXPORTER_COLLECTOR_NAME];
	struct session *session;
	struct session *next;             /* prepared, or NULL */
	struct tls_context *certificates; /* the same */
	struct session_tally before;      /* came to the exporter before this did */
	struct session_tally until;       /* and until it left, if it has */
	bool leaving;
	enum config_transport transport;
	unsigned version;
	struct health health;
	struct group *group; /* or NULL */
	int group_number;
	unsigned member; /* of it */
	struct session_tally elsewhere;
	struct session_tally passed; /* of it, in this group */
	struct flow_filter filter;
	struct session_tally filtered;
	struct resolver_name host;
	bool asks;         /* the resolver for its first address, too */
	bool unresolved;   /* that was said */
	uint64_t refusals; /* when last complained about */
	uint64_t lost;
	int64_t complained; /* steady clock */
};

static uint16_t in_seconds(int64_t time)
{
	int64_t seconds = time / CLOCK_SECOND;

	return seconds < UINT16_MAX ? (uint16_t)seconds : UINT16_MAX;
}

/* Reading a file, flows come as fast as it can be read, and a collector beside weir has as
 * much room as its socket. */
static struct transport *paced(struct transport *t, const struct config_exporter *x, bool patient,
	struct transport_error *why)
{
	uint32_t rate = x->rate == CONFIG_RATE_AUTO ? patient ? FILE_RATE : 0 : x->rate;

	if (!t || !rate)
		return t;
	struct transport_pace pace = {.rate = rate,
		.buffer = x->buffer,
		.patient = patient,
		.watch = x->rate == CONFIG_RATE_AUTO,
		.standstill = TRANSPORT_PATIENCE};
	snprintf(why->text, sizeof why->text, "out of memory");
	return transport_paced_new(t, &pace);
}

static struct transport_tls_options tls_options_of(const struct config_exporter *x)
{
	return (struct transport_tls_options){
		.ca = x->tls_ca,
		.certificate = x->tls_certificate,
		.key = x->tls_key,
		.name = *x->tls_name ? x->tls_name : x->host,
	};
}

static struct transport *open_transport(const struct collector *c, const struct config_exporter *x,
	bool patient, struct transport_error *why)
{
	struct transport_tls_options tls = tls_options_of(x);
	struct transport_path path = {.host = x->host,
		.service = x->service,
		.source = x->source,
		.interface = x->interface,
		.dscp = x->dscp,
		.hops = x->hops,
		.may_wait = c->asks && !patient,
		.patient = patient};

	if (x->transport == CONFIG_UDP)
		return paced(transport_udp_open(&path, why), x, patient, why);
	if (x->transport == CONFIG_FILE)
		return transport_file_open(
			&(struct transport_file_options){
				.path = x->file_path, .size = x->file_size, .time = x->file_time},
			why);
	return transport_stream_open(
		&(struct transport_stream_options){
			.path = path,
			.name = c->name,
			.buffer = x->buffer,
			.reconnect = x->reconnect,
			.spool = *x->spool_directory ? x->spool_directory : NULL,
			.spool_limit = x->spool_limit,
			.tls = x->transport == CONFIG_TLS ? &tls : NULL,
		},
		why);
}

static struct session_options session_options_of(
	const struct config *config, const struct config_exporter *x, int64_t boot)
{
	return (struct session_options){
		.layout = {.version = (uint16_t)x->protocol,
			.definition = &config->cache.definition,
			.times = x->times,
			.control_bits = (uint8_t)x->control_bits,
			.biflow = config->cache.biflow,
			.inner = config->cache.decapsulate_inner},
		.domain = x->observation_domain,
		.max_datagram = x->max_datagram,
		.template_refresh = x->template_refresh,
		.template_datagrams = x->template_datagrams,
		.options = {.enabled = x->options_data,
			.refresh = x->options_refresh,
			.datagrams = x->options_datagrams,
			.sampling_elements = x->sampling_options,
			.algorithm = config->sampling.algorithm,
			.interval = config->sampling.interval,
			.process = boot == INT64_MIN ? 1 : (uint32_t)getpid()},
		.active_timeout = in_seconds(config->cache.timeouts.active),
		.idle_timeout = in_seconds(config->cache.timeouts.idle),
		.nat_events = config->nat,
		.boot = boot,
	};
}

static bool open_session(struct collector *c, const struct config *config,
	const struct config_exporter *x, int64_t boot, struct config_error *error)
{
	struct session_options options = session_options_of(config, x, boot);
	struct transport_error why;
	bool v6 = strchr(x->host, ':') != NULL;

	if (x->transport == CONFIG_FILE)
		snprintf(c->name, sizeof c->name, "%.*s", (int)sizeof c->name - 1, x->file_path);
	else
		snprintf(c->name, sizeof c->name, v6 ? "[%s]:%s" : "%s:%s", x->host, x->service);
	c->version = x->protocol;
	c->transport = x->transport;
	if (!flow_filter_compile(
		    &c->filter, x->filter, interfaces_index, why.text, sizeof why.text))
		return config_fail(error, "collector %s: filter: %s", c->name, why.text);
	struct transport *t = open_transport(c, x, *config->inputs[0].file, &why);
	if (!t)
		return config_fail(error, "collector %s: %s", c->name, why.text);
	c->host = resolver_name_of(x->host, x->service,
		x->transport == CONFIG_UDP ? SOCK_DGRAM : SOCK_STREAM,
		x->transport == CONFIG_FILE ? 0 : x->resolve_refresh, !c->asks, clock_steady());
	c->session = session_new(&options, t);
	return c->session || config_fail(error, "collector %s: out of memory", c->name);
}

struct collector *collector_new(const struct config *config, const struct config_exporter *x,
	int64_t boot, bool running, struct config_error *error)
{
	struct collector *c = calloc(1, sizeof *c);

	if (!c) {
		config_fail(error, "out of memory");
		return NULL;
	}
	c->group_number = -1;
	c->asks = running || x->resolve_later;
	if (open_session(c, config, x, boot, error)) {
		health_init(&c->health, x->transport == CONFIG_TCP || x->transport == CONFIG_TLS,
			x->protocol != CONFIG_NETFLOW5, clock_steady());
		return c;
	}
	free(c);
	return NULL;
}

void collector_free(struct collector *c)
{
	session_free(c->session);
	free(c);
}

const char *collector_name(const struct collector *c)
{
	return c->name;
}

struct session *collector_session(const struct collector *c)
{
	return c->session;
}

void collector_join(struct collector *c, struct group *group, int number)
{
	c->group = group;
	c->group_number = number;
	c->passed = (struct session_tally){0};
	if (group)
		c->member = group_join(group, c->name, c->health.well);
}

void collector_take(
	struct collector *c, const struct flow_record *r, const struct flow_path *path, int64_t now)
{
	if (c->group && !group_chose(c->group, c->member)) {
		session_tally_add(&c->elsewhere, 1, r->packets, r->octets);
		session_tally_add(&c->passed, 1, r->packets, r->octets);
	} else if (!flow_filter_matches(&c->filter, r))
		session_tally_add(&c->filtered, 1, r->packets, r->octets);
	else
		session_record(c->session, r, path, now);
}

/* The files are the same, and may have been replaced. */
static bool read_certificates(
	struct collector *c, const struct config_exporter *x, struct config_error *error)
{
	struct transport_tls_options options = tls_options_of(x);
	struct transport_error why = {""};

	if (x->transport != CONFIG_TLS)
		return true;
	c->certificates = tls_context_new(&options, &why);
	return c->certificates || config_fail(error, "collector %s: %s", c->name, why.text);
}

bool collector_prepare(struct collector *c, const struct config *config,
	const struct config_exporter *x, int64_t boot, bool redefine, struct config_error *error)
{
	struct session_options options = session_options_of(config, x, boot);

	if (!read_certificates(c, x, error))
		return false;
	if (!redefine)
		return true;
	c->next = session_prepare(c->session, &options);
	if (c->next)
		return true;
	collector_discard(c);
	return config_fail(error, "collector %s: out of memory", c->name);
}

void collector_discard(struct collector *c)
{
	session_discard(c->next);
	tls_context_free(c->certificates);
	c->next = NULL;
	c->certificates = NULL;
}

void collector_change(struct collector *c, int64_t now)
{
	if (c->certificates)
		session_renew(c->session, c->certificates);
	c->certificates = NULL;
	if (!c->next)
		return;
	session_succeed(c->next, c->session, now);
	c->session = c->next;
	c->next = NULL;
}

void collector_retime(struct collector *c, const struct config *to)
{
	session_retime(c->session, in_seconds(to->cache.timeouts.active),
		in_seconds(to->cache.timeouts.idle));
}

void collector_come(struct collector *c, const struct session_tally *taken)
{
	c->before = *taken;
}

void collector_leave(struct collector *c, const struct session_tally *taken, int64_t now)
{
	c->until = *taken;
	c->leaving = true;
	collector_join(c, NULL, -1);
	session_end(c->session, now);
}

void collector_farewell(const struct collector *c)
{
	struct session_statistics s = session_statistics(c->session);

	log_info("exporter", "%s: ended: records=%llu messages=%llu lost=%llu", c->name,
		(unsigned long long)s.records, (unsigned long long)s.messages,
		(unsigned long long)s.lost.flows);
}

static void complain(struct collector *c, int64_t now)
{
	struct session_statistics s = session_statistics(c->session);

	if (s.refusals == c->refusals && s.lost.flows == c->lost)
		return;
	if (c->complained && now - c->complained < COMPLAIN_SECONDS * CLOCK_SECOND)
		return;
	if (s.lost.flows != c->lost)
		log_warning("exporter", "event=lost collector=\"%s\" records=%llu error=\"%s\"",
			c->name, (unsigned long long)(s.lost.flows - c->lost),
			strerror(s.last_error));
	else
		log_warning("exporter",
			"event=refused collector=\"%s\" "
			"note=\"ICMP: nobody is to be reached there; sending on\"",
			c->name);
	c->refusals = s.refusals;
	c->lost = s.lost.flows;
	c->complained = now;
}

void collector_tick(struct collector *c, int64_t now)
{
	int64_t steady = clock_steady();

	session_tick(c->session, now);
	struct session_statistics s = session_statistics(c->session);
	bool ask = health_look(&c->health, &s, steady);
	if (c->group && ask)
		session_ask(c->session);
	if (c->group)
		group_health(c->group, c->member, c->health.well);
	complain(c, steady);
}

/* complain() looks again after a minute, so that is how long trouble is news. */
static bool in_trouble(const struct collector *c)
{
	return c->complained && clock_steady() - c->complained <= COMPLAIN_SECONDS * CLOCK_SECOND;
}

void collector_ask(struct collector *c, struct resolver *resolver)
{
	int64_t now = clock_steady();
	bool trouble = in_trouble(c) || session_statistics(c->session).away;

	if (!resolver_name_due(&c->host, trouble, now))
		return;
	c->host.waiting = resolver_ask(resolver, &c->host.question);
	c->host.asked = now;
}

void collector_hear(struct collector *c, const struct resolver_answer *answer)
{
	bool known = c->host.known;

	if (!resolver_name_heard(&c->host, answer))
		return;
	if (!answer->found && !c->unresolved)
		log_warning("exporter", "event=unresolved collector=\"%s\" error=\"%s\"", c->name,
			answer->error.text);
	else if (answer->found && session_redirect(c->session, &answer->addresses))
		log_info("exporter", "event=redirected collector=\"%s\" was=%s", c->name,
			known ? "elsewhere" : "unknown");
	c->unresolved = !answer->found;
}

/* Before it came, and since it left. */
static struct session_tally absent(const struct collector *c, const struct session_tally *taken)
{
	struct session_tally sum = c->before;

	if (c->leaving)
		session_tally_add(&sum, taken->flows - c->until.flows,
			taken->packets - c->until.packets, taken->octets - c->until.octets);
	return sum;
}

void collector_statistics(
	const struct collector *c, const struct session_tally *taken, struct exporter_collector *s)
{
	memcpy(s->name, c->name, sizeof s->name);
	s->session = session_statistics(c->session);
	s->version = c->version;
	s->transport = c->transport;
	s->trouble = in_trouble(c);
	s->well = c->health.well;
	s->elsewhere = c->elsewhere;
	s->filtered = c->filtered;
	s->in_doubt = health_in_doubt(&c->health, &s->session);
	s->group = c->group_number;
	s->standby =
		c->group && c->group->mode == CONFIG_FAILOVER && !group_chose(c->group, c->member);
	s->passed = c->passed;
	s->ending = c->leaving;
	s->absent = absent(c, taken);
}
