/* Inputs by patterns of names: which interface is whose, and how many there may be. */
#include "config/pattern.h"
#include "suite.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

static struct config given, to;

/* The inputs of `given`, in this order; NULL ends. */
static void give(const char *const *names)
{
	memset(&given, 0, sizeof given);
	for (; *names; names++) {
		struct config_input *in = &given.inputs[given.input_count++];
		snprintf(in->interface, sizeof in->interface, "%s", *names);
		in->snaplen = 64 + given.input_count;
	}
}

static const struct config_interface there[] = {
	{"lo", 1}, {"eth0", 2}, {"eth1", 3}, {"eth1.5", 4}, {"wan", 5}, {"eth10", 6}, {"e", 7}};
enum { THERE = sizeof there / sizeof *there };

/* "NAME/INDEX/number of the input" of each */
static const char *expanded(unsigned *left_out)
{
	static char text[512];

	*text = '\0';
	*left_out = config_expand(&given, there, THERE, &to);
	for (unsigned i = 0; i < to.input_count; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s/%u/%u ",
			to.inputs[i].interface, to.inputs[i].index, to.inputs[i].snaplen - 65);
	return text;
}

static const struct {
	const char *names[5];
	const char *inputs;
} cases[] = {
	{{"eth0"}, "eth0/0/0 "},
	{{"gone", "any"}, "gone/0/0 any/0/1 "},
	{{"eth*"}, "eth0/2/0 eth1/3/0 eth1.5/4/0 eth10/6/0 "},
	{{"eth?"}, "eth0/2/0 eth1/3/0 "},
	{{"eth[1-3]", "e*"}, "eth1/3/0 eth0/2/1 eth1.5/4/1 eth10/6/1 e/7/1 "},
	{{"e*", "eth[1-3]"}, "eth0/2/0 eth1/3/0 eth1.5/4/0 eth10/6/0 e/7/0 "},
	{{"e*", "eth1"}, "eth1/0/1 eth0/2/0 eth1.5/4/0 eth10/6/0 e/7/0 "},
	{{"nothing*"}, ""},
	{{"nothing*", "wan"}, "wan/0/1 "},
};

START_TEST(each_interface_is_one_input)
{
	unsigned left_out;

	give(cases[_i].names);
	ck_assert_str_eq(expanded(&left_out), cases[_i].inputs);
	ck_assert_uint_eq(left_out, 0);
}
END_TEST

START_TEST(what_finds_no_place_is_counted)
{
	const char *names[CONFIG_INPUTS + 1] = {"e*"};
	unsigned left_out;

	for (unsigned i = 1; i < CONFIG_INPUTS; i++)
		names[i] = "x";
	give(names);
	(void)expanded(&left_out);
	ck_assert_uint_eq(left_out, 4);
	ck_assert_uint_eq(to.input_count, CONFIG_INPUTS);
	ck_assert_str_eq(to.inputs[CONFIG_INPUTS - 1].interface, "eth0");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pattern");
	TCase *c = tcase_create("expand");

	tcase_add_loop_test(c, each_interface_is_one_input, 0, sizeof cases / sizeof *cases);
	tcase_add_test(c, what_finds_no_place_is_counted);
	suite_add_tcase(s, c);
	return suite_run(s);
}
