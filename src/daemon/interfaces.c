#include "daemon/interfaces.h"

#include "base/utf8.h"

#include <net/if.h>
#include <stddef.h>

unsigned interfaces_read(struct option_interface *interfaces, unsigned most)
{
	struct if_nameindex *list = if_nameindex();
	unsigned n = 0;

	for (; list && list[n].if_index && n < most; n++) {
		interfaces[n] = (struct option_interface){.index = list[n].if_index};
		utf8_copy(interfaces[n].name, sizeof interfaces[n].name, list[n].if_name);
		/* Some collectors show the description where they mean the name. */
		utf8_copy(interfaces[n].description, sizeof interfaces[n].description,
			list[n].if_name);
	}
	if_freenameindex(list);
	return n;
}
