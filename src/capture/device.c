#include "capture/device.h"

#include "capture/interface.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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

/* Who has no descriptor left to ask the kernel by takes any interface for none: `cause` is the
 * errno then. */
static void say_none(struct source_error *error, const char *interface, int cause)
{
	if (cause == EMFILE || cause == ENFILE)
		snprintf(error->text, sizeof error->text, "%s: %s", interface, strerror(cause));
	else
		snprintf(error->text, sizeof error->text,
			"%s: no such interface (`ip -br link` lists them)", interface);
}

static void say_activation(
	struct source_error *error, const char *interface, int status, pcap_t *pcap, int cause)
{
	const char *detail = pcap_geterr(pcap);

	if (status == PCAP_ERROR_PERM_DENIED)
		snprintf(error->text, sizeof error->text,
			"%s: no permission to capture, needs CAP_NET_RAW: run as root, or once "
			"`setcap cap_net_raw=ep` on the program",
			interface);
	else if (status == PCAP_ERROR_NO_SUCH_DEVICE)
		say_none(error, interface, cause);
	else
		snprintf(error->text, sizeof error->text, "%s: %s%s%s", interface,
			pcap_statustostr(status), *detail ? ": " : "", detail);
}

/* As libpcap would capture on it; NULL: *error says why not. */
static pcap_t *activate(const char *interface, uint32_t snaplen, struct source_error *error)
{
	char text[PCAP_ERRBUF_SIZE] = "";
	pcap_t *p = pcap_create(interface, text);

	if (!p) {
		snprintf(error->text, sizeof error->text, "%s: %s", interface, text);
		return NULL;
	}
	pcap_set_snaplen(p, (int)snaplen);
	pcap_set_protocol_linux(p, NO_PROTOCOL);
	pcap_set_buffer_size(p, SMALLEST_RING);
	errno = 0;
	int status = pcap_activate(p);
	if (status >= 0)
		return p;
	say_activation(error, interface, status, p, errno);
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

static bool take_program(
	struct device_program *to, const struct bpf_program *from, bool cooked, const char **why)
{
	*why = "longer than the kernel takes";
	if (from->bf_len > BPF_MAXINSNS)
		return false;
	to->length = (unsigned short)from->bf_len;
	*why = "not possible without the interface's link headers";
	for (unsigned i = 0; i < from->bf_len; i++) {
		const struct bpf_insn *in = &from->bf_insns[i];
		to->code[i] = (struct sock_filter){in->code, in->jt, in->jf, in->k};
		if (cooked && !without_header(&to->code[i]))
			return false;
	}
	return true;
}

bool device_compile(struct device *d, const char *words, struct device_program *program,
	struct source_error *error)
{
	struct bpf_program compiled;
	const char *why;

	if (pcap_compile(d->words, &compiled, words, 1, PCAP_NETMASK_UNKNOWN) < 0) {
		snprintf(error->text, sizeof error->text, "filter '%s': %s", words,
			pcap_geterr(d->words));
		return false;
	}
	bool good = take_program(program, &compiled, d->cooked, &why);
	if (!good)
		snprintf(error->text, sizeof error->text, "filter '%s': %s", words, why);
	pcap_freecode(&compiled);
	return good;
}

/* libpcap has names of its own for what is no interface. False: errno says why. */
static bool is_interface(const char *name, unsigned *index)
{
	int ask = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (ask < 0)
		return false;
	*index = interface_find(ask, name);
	int cause = errno;
	close(ask);
	errno = cause;
	return *index || strcmp(name, "any") == 0;
}

bool device_ask(
	struct device *d, const char *interface, uint32_t snaplen, struct source_error *error)
{
	pcap_t *p = NULL;

	*d = (struct device){0};
	if (is_interface(interface, &d->interface))
		p = activate(interface, snaplen, error);
	else
		say_none(error, interface, errno);
	if (!p)
		return false;
	int link_type = pcap_datalink(p);
	d->words = p;
	d->cooked = link_type == DLT_LINUX_SLL || link_type == DLT_LINUX_SLL2;
	d->link_type = (uint16_t)link_type;
	if (!d->cooked || pcap_set_datalink(p, DLT_LINUX_SLL2) == 0)
		return true;
	snprintf(error->text, sizeof error->text, "%s: %s", interface, pcap_geterr(p));
	device_free(d);
	return false;
}

bool device_suppose(struct device *d, uint32_t snaplen)
{
	*d = (struct device){
		.link_type = DLT_EN10MB,
		.words = pcap_open_dead(DLT_EN10MB, (int)snaplen),
	};
	return d->words != NULL;
}

void device_free(struct device *d)
{
	if (d->words)
		pcap_close(d->words);
	d->words = NULL;
}
