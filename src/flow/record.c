#include "flow/record.h"

#include "flow/biflow.h"

void flow_record_open(struct flow_record *r, const void *key, const struct packet *packet)
{
	*r = (struct flow_record){
		.first = packet->time,
		.last = packet->time,
		.packets = 1,
		.octets = packet->octets,
		.tcp_control_bits = packet->tcp_control_bits,
		.vlan_id = packet->vlan_id,
	};
	memcpy(&r->key, key, sizeof r->key);
	r->class = (uint8_t)flow_class_of(r->key.protocol, r->tcp_control_bits);
	if (r->key.direction == FRAME_EGRESS)
		r->egress_interface = r->key.interface;
	else
		r->ingress_interface = r->key.interface;
}

/* Few bits are set, if any. */
static inline void count_flags(struct flow_details *d, unsigned bits)
{
	for (bits &= (1 << FLOW_TCP_FLAGS) - 1; bits; bits &= bits - 1)
		d->tcp_flags[__builtin_ctz(bits)]++;
}

void flow_details_open(struct flow_details *d, const struct packet *p, uint64_t id)
{
	*d = (struct flow_details){
		.minimum_octets = p->octets,
		.maximum_octets = p->octets,
		.layer2_octets = p->details.wire_octets,
		.tcp_options = p->details.tcp_options,
		.ip4_options = p->details.ip4_options,
		.ip6_extensions = p->details.ip6_extensions,
		.minimum_ttl = p->details.ttl,
		.maximum_ttl = p->details.ttl,
		.extensions_complete = !(p->facts & PACKET_EXTENSION_CUT),
		.flow_id = id,
		.first = p->details,
	};
	count_flags(d, p->tcp_control_bits);
}

void flow_details_add(struct flow_details *d, const struct packet *p)
{
	if (p->octets < d->minimum_octets)
		d->minimum_octets = p->octets;
	if (p->octets > d->maximum_octets)
		d->maximum_octets = p->octets;
	d->layer2_octets += p->details.wire_octets;
	d->tcp_options |= p->details.tcp_options;
	d->ip4_options |= p->details.ip4_options;
	d->ip6_extensions |= p->details.ip6_extensions;
	if (p->details.ttl < d->minimum_ttl)
		d->minimum_ttl = p->details.ttl;
	if (p->details.ttl > d->maximum_ttl)
		d->maximum_ttl = p->details.ttl;
	if (p->facts & PACKET_EXTENSION_CUT)
		d->extensions_complete = false;
	count_flags(d, p->tcp_control_bits);
}

static void add_to(struct flow_direction *d, const struct packet *p)
{
	if (!d->packets)
		*d = (struct flow_direction){.first = p->time,
			.last = p->time,
			.minimum_ttl = p->details.ttl,
			.maximum_ttl = p->details.ttl};
	d->packets++;
	d->octets += p->octets;
	d->tcp_control_bits |= p->tcp_control_bits;
	if (p->time < d->first)
		d->first = p->time;
	if (p->time > d->last)
		d->last = p->time;
	if (p->details.ttl < d->minimum_ttl)
		d->minimum_ttl = p->details.ttl;
	if (p->details.ttl > d->maximum_ttl)
		d->maximum_ttl = p->details.ttl;
}

void flow_biflow_add(struct flow_details *details, const struct packet *packet, bool reverse)
{
	struct flow_direction *direction = reverse ? &details->reverse : &details->forward;

	add_to(direction, packet);
	flow_tcp_add(&direction->tcp, packet);
	flow_handshake_add(&details->handshake, packet, reverse);
}

void flow_biflow_open(struct flow_full_record *full, const struct packet *p)
{
	bool answer = biflow_is_answer(p->protocol, p->tcp_control_bits);
	bool begun = p->protocol != 6 || p->tcp_control_bits & TCP_SYN;

	full->details.biflow_direction = begun ? FLOW_BIFLOW_INITIATOR : FLOW_BIFLOW_ARBITRARY;
	if (answer) {
		biflow_turn_key(&full->record.key);
		biflow_turn_details(&full->details.first);
	}
	flow_biflow_add(&full->details, p, answer);
}
