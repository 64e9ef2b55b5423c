#include "flow/biflow.h"

static void exchange(void *a, void *b, size_t n)
{
	uint8_t kept[16];

	memcpy(kept, a, n);
	memcpy(a, b, n);
	memcpy(b, kept, n);
}

void biflow_turn_key(struct flow_key *k)
{
	exchange(k->source_address, k->destination_address, sizeof k->source_address);
	exchange(&k->source_port, &k->destination_port, sizeof k->source_port);
}

void biflow_turn_details(struct packet_details *d)
{
	exchange(d->source_mac, d->destination_mac, sizeof d->source_mac);
	exchange(d->outer_source_address, d->outer_destination_address, 16);
	exchange(d->inner_source_address, d->inner_destination_address, 16);
	exchange(&d->inner_source_port, &d->inner_destination_port, sizeof d->inner_source_port);
}

static void mask(void *out, const void *in, const void *bits, size_t octets)
{
	for (size_t i = 0; i < octets / sizeof(uint64_t); i++) {
		uint64_t value, mask;
		memcpy(&value, (const char *)in + i * sizeof value, sizeof value);
		memcpy(&mask, (const char *)bits + i * sizeof mask, sizeof mask);
		value &= mask;
		memcpy((char *)out + i * sizeof value, &value, sizeof value);
	}
}

static bool is_turned(const struct flow_key *k)
{
	int order = memcmp(k->source_address, k->destination_address, sizeof k->source_address);

	return order > 0 || (order == 0 && k->source_port > k->destination_port);
}

bool biflow_is_turned(const void *key, const struct flow_selection *selection)
{
	struct flow_key masked;

	mask(&masked, key, &selection->key, sizeof masked);
	return is_turned(&masked);
}

void biflow_key_of(struct biflow_key *out, const void *key, const struct packet_details *details,
	const struct flow_selection *selection, bool has_details)
{
	mask(&out->key, key, &selection->key, sizeof out->key);
	bool turned = is_turned(&out->key);
	if (turned)
		biflow_turn_key(&out->key);
	if (!has_details)
		return;
	mask(&out->details, details, &selection->details, sizeof out->details);
	if (turned)
		biflow_turn_details(&out->details);
}
