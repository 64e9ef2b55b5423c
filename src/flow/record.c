#include "flow/record.h"

void flow_record_open(
	struct flow_record *r, const struct flow_key *key, const struct packet *packet)
{
	*r = (struct flow_record){
		.key = *key,
		.first = packet->time,
		.last = packet->time,
		.packets = 1,
		.octets = packet->octets,
		.tcp_control_bits = packet->tcp_control_bits,
		.class = (uint8_t)flow_class_of(key->protocol, packet->tcp_control_bits),
	};
	if (key->direction == FRAME_EGRESS)
		r->egress_interface = key->interface;
	else
		r->ingress_interface = key->interface;
	if (packet->facts & PACKET_VLAN)
		r->vlan_id = packet->vlan_tag & 0xfff;
}
