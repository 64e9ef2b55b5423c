#include "daemon/live.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "daemon/confine.h"
#include "daemon/intake.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/thread.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { PACE_MILLISECONDS = 20, WATCH_MILLISECONDS = 20, FOLLOW_MILLISECONDS = 50 };

/* Nanoseconds of the expiry thread's work at a time, and of the pause after it. */
enum { BURST = 200000, PAUSE = 100000 };

#define SHORT (200 * CLOCK_MILLISECOND) /* for whoever gives a second signal */

struct live {
	const struct view *view;
	const struct live_services *services;
	pthread_t expiry;
	bool expiry_running;
	sem_t expiry_named; /* posted once, by itself */
	unsigned turn;      /* the expiry thread's: whose cache is next */
	atomic_bool stop_expiry;
	struct event_base *base;
	int signals; /* signalfd(2): TERM, INT and HUP, which no thread takes */
	struct event *on_signal, *watch, *look, *alive, *reload;
	struct event *on_links, *follow; /* or NULL */
	int64_t reloaded;                /* steady clock, by a signal; 0: never */
	bool stopping;
};

/* One slice of each cache in turn, until all are up to date or the burst is over. False:
 * there is more to do. */
static bool expire_some(struct live *l, int64_t idle_now)
{
	struct crew *crew = l->view->crew;
	int64_t until = clock_steady() + BURST;
	unsigned done = 0; /* caches in a row */

	crew_enter(crew);
	while (done < crew->count && clock_steady() < until) {
		l->turn = l->turn + 1 < crew->count ? l->turn + 1 : 0;
		done = worker_expire(crew->member[l->turn].worker, idle_now) ? 0 : done + 1;
	}
	bool all = done == crew->count;
	crew_leave(crew);
	return all;
}

/* Goes round the caches; on an idle link the observation clock follows the wall
 * clock, a second behind it. Where there is much to do it works in short bursts with
 * pauses: a thread that never uses up its time slice is hardly ever put aside by the
 * scheduler, which would be while it keeps a cache from capture. */
static void *expiry_run(void *context)
{
	struct live *l = context;

	pthread_setname_np(pthread_self(), "expiry");
	sem_post(&l->expiry_named);
	while (!atomic_load(&l->stop_expiry)) {
		bool done = expire_some(l, clock_wall() - CLOCK_SECOND);
		clock_pause(done ? PACE_MILLISECONDS * CLOCK_MILLISECOND : PAUSE);
	}
	return NULL;
}

static void begin_stop(struct live *l)
{
	l->stopping = true;
	notify_stopping(l->services->notify);
	for (unsigned i = 0; i < l->view->crew->inputs; i++)
		intake_stop(l->view->crew->input[i]->intake);
}

static unsigned reading(const struct crew *crew)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < crew->inputs; i++)
		sum += intake_reading(crew->input[i]->intake);
	return sum;
}

static void on_reload(evutil_socket_t fd, short what, void *context)
{
	struct live *l = context;
	struct reload_report *report = malloc(sizeof *report);
	struct config_error error;

	(void)fd;
	(void)what;
	if (report && !l->stopping)
		(void)l->view->reload(l->view->context, report, &error);
	free(report);
	l->reloaded = clock_steady();
}

/* A second after the last one at the earliest, as many as there may be. */
static void ask_for_reload(struct live *l)
{
	int64_t wait = l->reloaded ? l->reloaded + CLOCK_SECOND - clock_steady() : 0;
	struct timeval time = {0, wait > 0 ? (wait - 1) / 1000 : 0};

	if (!l->stopping && !event_pending(l->reload, EV_TIMEOUT, NULL))
		event_add(l->reload, &time);
}

/* Whoever gives a second signal has no time: nothing is sent any more, but what is lost is told. */
__attribute__((noreturn)) static void end_at_once(const struct live *l)
{
	struct ledger *a = exporter_answers(l->view->exporter, SHORT) ? view_ledger(l->view) : NULL;
	uint64_t pending = 0, lost = 0;

	if (!a) {
		log_error(
			"main", "event=killed note=\"a second signal: what was not sent is lost\"");
		_exit(3);
	}
	for (unsigned i = 0; i < a->exporter.collectors; i++) {
		const struct session_statistics *s = &a->exporter.collector[i].session;
		pending += s->pending.flows;
		lost += s->lost.flows;
	}
	log_error("main",
		"event=killed live=%" PRIu64 " transit=%" PRIu64 " pending=%" PRIu64
		" before=%" PRIu64 " note=\"a second signal: what was not sent is lost\"",
		a->workers.live.flows, a->transit.flows, pending, lost);
	_exit(3);
}

static bool read_signal(int fd, struct signalfd_siginfo *signal)
{
	return read(fd, signal, sizeof *signal) == sizeof *signal;
}

/* At the end, when the loop is over that reads signals: waits for one, for so long. */
static void wait_at_the_end(const struct live *l, int milliseconds)
{
	struct pollfd p = {.fd = l->signals, .events = POLLIN};
	struct signalfd_siginfo signal;

	if (poll(&p, 1, milliseconds) > 0 && read_signal(l->signals, &signal) &&
		signal.ssi_signo != SIGHUP)
		end_at_once(l);
}

static void on_signal(evutil_socket_t fd, short what, void *context)
{
	struct signalfd_siginfo signal;
	struct live *l = context;

	(void)what;
	if (!read_signal(fd, &signal))
		return;
	if (signal.ssi_signo == SIGHUP && (l->view->reload || l->stopping)) {
		ask_for_reload(l);
		return;
	}
	if (l->stopping)
		end_at_once(l);
	log_info("main", "event=stopping signal=\"%s\" note=\"exporting what is live\"",
		strsignal((int)signal.ssi_signo));
	begin_stop(l);
}

/* What comes with it is waited for a little: often a device is made, then renamed. */
static void on_links(evutil_socket_t fd, short what, void *context)
{
	struct live *l = context;
	struct timeval wait = {0, FOLLOW_MILLISECONDS * 1000};

	(void)fd;
	(void)what;
	event_add(l->follow, &wait);
}

static void on_follow(evutil_socket_t fd, short what, void *context)
{
	struct live *l = context;

	(void)fd;
	(void)what;
	if (l->stopping)
		return;
	l->view->follow(l->view->context);
	event_add(l->on_links, NULL);
}

static bool start_links(struct live *l)
{
	if (l->view->links < 0)
		return true;
	l->on_links = event_new(l->base, l->view->links, EV_READ, on_links, l);
	l->follow = event_new(l->base, -1, 0, on_follow, l);
	return l->on_links && l->follow && event_add(l->on_links, NULL) == 0;
}

/* The loop ends when the capture threads have left, told to or not. */
static void on_watch(evutil_socket_t fd, short what, void *context)
{
	struct live *l = context;
	int error = exporter_output_error(l->view->exporter);

	(void)fd;
	(void)what;
	if (error && !l->stopping) {
		log_error("main", "event=output-failed error=\"%s\"", strerror(error));
		begin_stop(l);
	}
	if (reading(l->view->crew) == 0 && (l->stopping || !l->view->waits))
		event_base_loopbreak(l->base);
}

/* One line for whoever asks the service manager. */
static void say_status(const struct live *l, const struct ledger *ledger)
{
	uint64_t lost = ledger->workers.lost.flows;

	for (unsigned i = 0; i < ledger->exporter.collectors; i++)
		lost += ledger->exporter.collector[i].session.lost.flows;
	notify_status(l->services->notify,
		"%" PRIu64 " packets seen, %" PRIu64 " dropped by the kernel; %" PRIu64
		" flows live, %" PRIu64 " records lost",
		ledger->workers.seen.frames, ledger->sources.kernel_dropped,
		ledger->workers.live.flows, lost);
}

static void on_look(evutil_socket_t fd, short what, void *context)
{
	struct live *l = context;
	struct ledger *ledger = view_ledger(l->view);
	struct watch_words words;

	(void)fd;
	(void)what;
	if (!ledger)
		return;
	watch_look(l->view->watch, ledger, clock_steady(), &words);
	say_status(l, ledger);
	free(ledger);
	memory_trim(); /* of clients, and of connections */
	if (*words.not_ip)
		log_warning("capture", "event=not-ip %s", words.not_ip);
	if (*words.dropped)
		log_warning("capture", "event=kernel-dropped %s", words.dropped);
	if (*words.pressure)
		log_warning("cache", "event=pressure %s", words.pressure);
	log_settle(false);
}

static void on_alive(evutil_socket_t fd, short what, void *context)
{
	struct live *l = context;

	(void)fd;
	(void)what;
	notify_alive(l->services->notify);
}

/* Twice in the time that the service manager gives. */
static bool start_alive(struct live *l)
{
	int64_t half = l->services->notify->watchdog / 2;
	struct timeval pace = {half / CLOCK_SECOND, half % CLOCK_SECOND / 1000};

	return half == 0 || event_add(l->alive, &pace) == 0;
}

/* When all is sent, but the sums are not told yet: whoever reads them may have stopped to. No
 * lock may be waited for here. */
static void on_late_signal(int number)
{
	static const char text[] = "weir: main: error: stopped at once by a second signal: all was "
				   "sent, the sums are not told\n";
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};

	(void)number;
	if (poll(&p, 1, 0) > 0 && write(STDERR_FILENO, text, sizeof text - 1) < 0)
		_exit(3);
	_exit(3);
}

static void signals_of(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
}

static void let_signals_through(void)
{
	sigset_t set;

	signals_of(&set);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

/* Before other threads start, which inherit what is blocked. */
static int open_signals(void)
{
	struct sigaction late = {.sa_handler = on_late_signal};
	sigset_t set;

	signals_of(&set);
	sigaddset(&set, SIGHUP);
	return sigaction(SIGTERM, &late, NULL) == 0 && sigaction(SIGINT, &late, NULL) == 0 &&
			       pthread_sigmask(SIG_BLOCK, &set, NULL) == 0
		       ? signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC)
		       : -1;
}

static bool make_events(struct live *l)
{
	struct timeval often = {0, WATCH_MILLISECONDS * 1000}, seldom = {WATCH_SECONDS, 0};
	struct control *control = l->services->control;
	struct http *metrics = l->services->metrics;

	l->base = event_base_new();
	if (!l->base)
		return false;
	l->signals = open_signals();
	if (l->signals >= 0)
		l->on_signal = event_new(l->base, l->signals, EV_READ | EV_PERSIST, on_signal, l);
	l->watch = event_new(l->base, -1, EV_PERSIST, on_watch, l);
	l->look = event_new(l->base, -1, EV_PERSIST, on_look, l);
	l->alive = event_new(l->base, -1, EV_PERSIST, on_alive, l);
	l->reload = event_new(l->base, -1, 0, on_reload, l);
	return l->on_signal && l->watch && l->look && l->alive && l->reload &&
	       event_add(l->on_signal, NULL) == 0 && event_add(l->watch, &often) == 0 &&
	       event_add(l->look, &seldom) == 0 && start_alive(l) && start_links(l) &&
	       (!control || control_start(control, l->base)) &&
	       (!metrics || http_start(metrics, l->base));
}

static void free_events(struct live *l)
{
	enum { EVENTS = 7 };
	struct event *const all[EVENTS] = {
		l->on_signal, l->watch, l->look, l->alive, l->reload, l->on_links, l->follow};

	for (int i = 0; i < EVENTS; i++)
		if (all[i])
			event_free(all[i]);
	if (l->signals >= 0)
		close(l->signals);
	if (l->services->control)
		control_stop(l->services->control);
	if (l->services->metrics)
		http_stop(l->services->metrics);
	if (l->base)
		event_base_free(l->base);
}

static bool confine(const struct live *l)
{
	struct config_error error;

	if (!l->services->confine || confine_calls(l->services->needs, &error))
		return true;
	log_error("main", "event=unconfined error=\"%s\"", error.text);
	return false;
}

static bool start_intakes(const struct crew *crew)
{
	for (unsigned i = 0; i < crew->inputs; i++)
		if (!intake_start(crew->input[i]->intake))
			return false;
	return true;
}

static bool open_intakes(const struct crew *crew)
{
	for (unsigned i = 0; i < crew->inputs; i++)
		if (!intake_open(crew->input[i]->intake))
			return false;
	return true;
}

static bool make_hands(const struct live *l)
{
	unsigned spares = l->services->confine ? l->services->spares : 0;
	struct crew *crew = l->view->crew;

	return !spares || (crew->hands = hands_new(spares)) != NULL;
}

/* All threads are there, named and confined before the first packet is. */
static bool start_threads(struct live *l)
{
	if (!make_hands(l))
		return false;
	if (!start_intakes(l->view->crew))
		return false;
	l->expiry_running = pthread_create(&l->expiry, NULL, expiry_run, l) == 0;
	if (!l->expiry_running)
		return false;
	while (sem_wait(&l->expiry_named) != 0)
		;
	return confine(l) && open_intakes(l->view->crew);
}

static bool join_threads(struct live *l)
{
	const struct crew *crew = l->view->crew;
	bool good = true;

	for (unsigned i = 0; i < crew->inputs; i++)
		good &= intake_join(crew->input[i]->intake);
	atomic_store(&l->stop_expiry, true);
	if (l->expiry_running)
		pthread_join(l->expiry, NULL);
	return good;
}

/* Nobody else touches the caches now; the exporter makes room in the rings. */
static void close_live_flows(const struct live *l)
{
	const struct crew *crew = l->view->crew;
	unsigned left;

	do {
		left = 0;
		for (unsigned i = 0; i < crew->count; i++) {
			enum worker_drain state;
			do
				state = worker_drain(crew->member[i].worker);
			while (state == WORKER_DRAIN_MORE);
			left += state == WORKER_DRAIN_FULL;
		}
		if (left)
			clock_pause(CLOCK_MILLISECOND / 10);
		wait_at_the_end(l, 0);
	} while (left);
}

static void free_intakes(const struct crew *crew)
{
	for (unsigned i = 0; i < crew->inputs; i++) {
		intake_free(crew->input[i]->intake);
		crew->input[i]->intake = NULL;
	}
}

static bool make_intakes(const struct crew *crew)
{
	for (unsigned i = 0; i < crew->inputs; i++) {
		crew->input[i]->intake = intake_new(crew->input[i], NULL);
		if (crew->input[i]->intake)
			continue;
		free_intakes(crew);
		return false;
	}
	return true;
}

bool live_run(const struct view *v, const struct live_services *services)
{
	struct live l = {.view = v, .services = services, .signals = -1};
	bool good = false;

	evthread_use_pthreads();
	if (!make_intakes(v->crew))
		return false;
	sem_init(&l.expiry_named, 0, 0);
	if (make_events(&l) && exporter_start(v->exporter, v->crew)) {
		good = start_threads(&l);
		if (good)
			notify_ready(services->notify);
		else
			begin_stop(&l);
		event_base_dispatch(l.base);
		good &= join_threads(&l);
		close_live_flows(&l);
		exporter_stop(v->exporter);
		while (!exporter_stopped(v->exporter))
			wait_at_the_end(&l, 1);
		let_signals_through();
	}
	free_events(&l);
	hands_free(v->crew->hands);
	v->crew->hands = NULL;
	sem_destroy(&l.expiry_named);
	free_intakes(v->crew);
	return good;
}
