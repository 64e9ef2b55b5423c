#include "flow/record.h"

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
