#include "capture/device.h"

#include <errno.h>
#include <linux/filter.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* Reserved, RFC 1701: the socket that libpcap opens shall not get a frame. */
	NO_PROTOCOL = 0xffff,
	SMALLEST_RING = 1 << 16,
	/* Where these stand in an SLL2 header */
	SLL2_PROTOCOL = 0,
	SLL2_INTERFACE = 4,
	SLL2_PACKET_TYPE = 10,
	SLL2_OCTETS = 20,
};

static void say_activation(
	struct source_error *error, const char *interface, int status, pcap_t *pcap)
{
	const char *detail = pcap_geterr(pcap);

	if (status == PCAP_ERROR_PERM_DENIED)
		snprintf(error->text, sizeof error->text,
			"%s: no permission to capture, needs CAP_NET_RAW: run as root, or once "
			"`setcap cap_net_raw=ep` on the program",
			interface);
	else if (status == PCAP_ERROR_NO_SUCH_DEVICE)
		snprintf(error->text, sizeof error->text,
			"%s: no such interface (`ip -br link` lists them)", interface);
	else
		snprintf(error->text, sizeof error->text, "%s: %s%s%s", interface,
			pcap_statustostr(status), *detail ? ": " : "", detail);
}

/* As libpcap would capture on it; NULL: *error says why not. */
static pcap_t *activate(const struct source_options *o, struct source_error *error)
{
	char text[PCAP_ERRBUF_SIZE] = "";
	pcap_t *p = pcap_create(o->interface, text);

	if (!p) {
		snprintf(error->text, sizeof error->text, "%s: %s", o->interface, text);
		return NULL;
	}
	pcap_set_snaplen(p, (int)o->snaplen);
	pcap_set_protocol_linux(p, NO_PROTOCOL);
	pcap_set_buffer_size(p, SMALLEST_RING);
	int status = pcap_activate(p);
	if (status >= 0)
		return p;
	say_activation(error, o->interface, status, p);
	pcap_close(p);
	return NULL;
}

/* A program for frames with an SLL2 header, run by a socket that has none: what stands in
 * the header is the kernel's to tell, the rest lies so much further ahead. */
static bool without_header(struct sock_filter *i)
{
	if ((BPF_CLASS(i->code) != BPF_LD ||
		    (BPF_MODE(i->code) != BPF_ABS && BPF_MODE(i->code) != BPF_IND)) &&
		(BPF_CLASS(i->code) != BPF_LDX || BPF_MODE(i->code) != BPF_MSH))
		return true;
	if (i->k >= SLL2_OCTETS && i->k < (UINT32_C(1) << 31))
		i->k -= SLL2_OCTETS;
	else if (i->k == SLL2_PROTOCOL)
		i->k = (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL);
	else if (i->k == SLL2_INTERFACE)
		i->k = (uint32_t)(SKF_AD_OFF + SKF_AD_IFINDEX);
	else if (i->k == SLL2_PACKET_TYPE)
		i->k = (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE);
	else if (i->k < SLL2_OCTETS)
		return false;
	return true;
}

static bool take_program(struct device *d, const struct bpf_program *from)
{
	d->program = calloc(from->bf_len, sizeof *d->program);
	d->length = (unsigned short)from->bf_len;
	if (!d->program)
		return false;
	for (unsigned i = 0; i < from->bf_len; i++) {
		const struct bpf_insn *in = &from->bf_insns[i];
		d->program[i] = (struct sock_filter){in->code, in->jt, in->jf, in->k};
		if (d->cooked && !without_header(&d->program[i]))
			return false;
	}
	return true;
}

static bool compile(
	struct device *d, pcap_t *p, const struct source_options *o, struct source_error *error)
{
	struct bpf_program program;
	const char *why = "not possible without the interface's link headers";

	if (pcap_compile(p, &program, o->filter, 1, PCAP_NETMASK_UNKNOWN) < 0) {
		snprintf(error->text, sizeof error->text, "filter '%s': %s", o->filter,
			pcap_geterr(p));
		return false;
	}
	bool good = take_program(d, &program);
	if (!good) {
		snprintf(error->text, sizeof error->text, "filter '%s': %s", o->filter,
			d->program ? why : "out of memory");
		device_free(d);
	}
	pcap_freecode(&program);
	return good;
}

bool device_ask(struct device *d, const struct source_options *o, struct source_error *error)
{
	pcap_t *p = activate(o, error);

	*d = (struct device){.interface = if_nametoindex(o->interface)};
	int why = errno; /* there may have been no descriptor for asking */
	if (!p)
		return false;
	int link_type = pcap_datalink(p);
	d->cooked = link_type == DLT_LINUX_SLL || link_type == DLT_LINUX_SLL2;
	d->link_type = (uint16_t)link_type;
	bool good = false;
	if (!d->interface && strcmp(o->interface, "any") != 0)
		snprintf(error->text, sizeof error->text, "%s: not a network interface: %s",
			o->interface, strerror(why));
	else if (d->cooked && pcap_set_datalink(p, DLT_LINUX_SLL2) < 0)
		snprintf(error->text, sizeof error->text, "%s: %s", o->interface, pcap_geterr(p));
	else
		good = compile(d, p, o, error);
	pcap_close(p);
	return good;
}

void device_free(struct device *d)
{
	free(d->program);
	d->program = NULL;
}
