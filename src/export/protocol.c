#include "export/protocol.h"

#include <stddef.h>

const struct protocol *protocol_find(unsigned version)
{
	static const struct protocol *const rows[] = {
		&protocol_netflow5,
		&protocol_netflow9,
		&protocol_ipfix,
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i]->version == version)
			return rows[i];
	return NULL;
}
