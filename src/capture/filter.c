#include "capture/filter.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

enum { LONGEST_FRAME = 262144 };

struct filter {
	struct bpf_program program;
};

struct filter *filter_new(const char *words, uint16_t link_type, struct source_error *error)
{
	struct filter *f = malloc(sizeof *f);
	pcap_t *dead = pcap_open_dead(link_type, LONGEST_FRAME);

	if (!f || !dead) {
		snprintf(error->text, sizeof error->text, "out of memory");
	} else if (pcap_compile(dead, &f->program, words, 1, PCAP_NETMASK_UNKNOWN) < 0) {
		snprintf(error->text, sizeof error->text, "filter '%s': %s", words,
			pcap_geterr(dead));
	} else {
		pcap_close(dead);
		return f;
	}
	if (dead)
		pcap_close(dead);
	free(f);
	return NULL;
}

void filter_free(struct filter *f)
{
	if (!f)
		return;
	pcap_freecode(&f->program);
	free(f);
}

bool filter_accepts(const struct filter *f, const struct frame *frame)
{
	struct pcap_pkthdr header = {.caplen = frame->captured, .len = frame->wire_octets};

	return pcap_offline_filter(&f->program, &header, frame->data) != 0;
}
