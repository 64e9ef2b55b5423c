/* AS numbers that are read again while records are told of them; threads: tsan. */
#include "base/hash.h"
#include "daemon/guide.h"
#include "route/prefixes.h"
#include "suite.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/weir-check-guide-XXXXXX";
static struct config config;

static const char *path_of(const char *name)
{
	static _Thread_local char path[128];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static void write_file(const char *name, const char *text)
{
	FILE *out = fopen(path_of(name), "w");

	ck_assert_ptr_nonnull(out);
	fputs(text, out);
	fclose(out);
}

static void set_up(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	write_file("one", "192.0.2.0/24 64501\n");
	write_file("two", "192.0.2.0/24 64502\n");
	write_file("bad", "192.0.2.0/24 64503\n192.0.2.0/33 64503\n");
	config_defaults(&config);
	config.input_count = 1;
	snprintf(config.inputs[0].file, sizeof config.inputs[0].file, "-");
	snprintf(config.routes.asn_database, sizeof config.routes.asn_database, "%s",
		path_of("one"));
}

static void tear_down(void)
{
	unlink(path_of("one"));
	unlink(path_of("two"));
	unlink(path_of("bad"));
	rmdir(folder);
}

static struct guide *guide(void)
{
	struct config_error error;
	struct guide *g = guide_new(&config, NULL, &error);

	ck_assert_msg(g != NULL, "%s", error.text);
	return g;
}

/* Of a source in 192.0.2.0/24; 0: not known. */
static uint32_t told(struct guide *g)
{
	struct flow_record r = {.key = {.source_address = {192, 0, 2, 1}, .ip_version = 4}};
	struct flow_path path;

	guide_tell(g, &r, &path);
	return path.source_as;
}

static void reload(struct guide *g, const char *file)
{
	struct config_error error;

	ck_assert_msg(guide_reload_asn(g, file, &error), "%s", error.text);
}

START_TEST(read_again)
{
	struct guide *g = guide();
	struct config_error error;

	ck_assert_uint_eq(told(g), 64501);
	reload(g, path_of("two"));
	ck_assert_uint_eq(told(g), 64501); /* until the thread has heard of it */
	(void)guide_hear(g);
	ck_assert_uint_eq(told(g), 64502);
	ck_assert(!guide_reload_asn(g, path_of("bad"), &error));
	ck_assert_ptr_nonnull(strstr(error.text, "bad:2: not a prefix"));
	ck_assert(!guide_reload_asn(g, path_of("missing"), &error));
	ck_assert_ptr_nonnull(strstr(error.text, "missing: No such file"));
	(void)guide_hear(g);
	ck_assert_uint_eq(told(g), 64502);
	reload(g, "");
	(void)guide_hear(g);
	ck_assert_uint_eq(told(g), 0);
	reload(g, path_of("one"));
	reload(g, path_of("two")); /* before the other was taken */
	(void)guide_hear(g);
	ck_assert_uint_eq(told(g), 64502);
	reload(g, path_of("one")); /* nobody takes it */
	guide_free(g);
}
END_TEST

static atomic_bool enough;

static void *tell(void *context)
{
	struct guide *g = context;
	unsigned long seen[2] = {0};

	while (!atomic_load(&enough) || !seen[0] || !seen[1]) {
		(void)guide_hear(g);
		uint32_t as = told(g);
		if (as != 64501 && as != 64502)
			return "another number";
		seen[as - 64501]++;
	}
	return NULL;
}

START_TEST(while_records_are_told)
{
	struct guide *g = guide();
	pthread_t thread;
	void *wrong;

	atomic_store(&enough, false);
	ck_assert_int_eq(pthread_create(&thread, NULL, tell, g), 0);
	for (int i = 0; i < 500; i++)
		reload(g, path_of(i % 2 ? "one" : "two"));
	atomic_store(&enough, true);
	/* one of both may not have been seen yet */
	struct timespec moment = {.tv_nsec = 1000000};
	for (int i = 0; i < 100; i++) {
		reload(g, path_of(i % 2 ? "one" : "two"));
		nanosleep(&moment, NULL);
	}
	pthread_join(thread, &wrong);
	ck_assert_msg(!wrong, "%s", (const char *)wrong);
	guide_free(g);
}
END_TEST

/* The order is found without the C library's sort: as it would be by trying each prefix. */
START_TEST(longest_of_many)
{
	enum { MANY = 3000, ASKED = 3000 };
	struct prefixes t = {0};
	static struct {
		uint8_t address[16], length;
	} plain[MANY];

	for (uint32_t i = 0; i < MANY; i++) {
		uint64_t random = hash_octets(&i, sizeof i, 1);
		memcpy(plain[i].address, &random, 2);
		plain[i].length = (uint8_t)((random >> 32) % 17);
		uint32_t mask = plain[i].length ? ~UINT32_C(0) << (32 - plain[i].length) : 0;
		for (int k = 0; k < 4; k++)
			plain[i].address[k] &= (uint8_t)(mask >> (24 - 8 * k));
		ck_assert(prefixes_add(&t, plain[i].address, plain[i].length, i));
	}
	prefixes_sort(&t);
	for (uint32_t i = 0; i < ASKED; i++) {
		uint64_t random = hash_octets(&i, sizeof i, 2);
		uint8_t address[16] = {0};
		memcpy(address, &random, 4);
		uint32_t best = MANY;
		for (uint32_t k = 0; k < MANY; k++) {
			uint32_t mask =
				plain[k].length ? ~UINT32_C(0) << (32 - plain[k].length) : 0;
			bool in = true;
			for (int o = 0; o < 4; o++)
				in &= (address[o] & (uint8_t)(mask >> (24 - 8 * o))) ==
				      plain[k].address[o];
			if (in && (best == MANY || plain[k].length >= plain[best].length))
				best = k;
		}
		const struct prefix *found = prefixes_find(&t, address);
		ck_assert_uint_eq(found ? found->value : MANY, best);
	}
	prefixes_free(&t);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("guide");
	TCase *tc = tcase_create("AS numbers");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, read_again);
	tcase_add_test(tc, while_records_are_told);
	tcase_add_test(tc, longest_of_many);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
