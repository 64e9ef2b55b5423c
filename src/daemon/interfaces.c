#include "daemon/interfaces.h"

#include "base/utf8.h"

#include <fcntl.h>
#include <net/if.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

unsigned interfaces_of(
	const struct links *links, struct option_interface *interfaces, unsigned most)
{
	unsigned count, n = 0;
	const struct link *link = links_all(links, &count);

	for (; n < count && n < most; n++) {
		struct option_interface *to = &interfaces[n];
		*to = (struct option_interface){.index = link[n].index};
		utf8_copy(to->name, sizeof to->name, link[n].name);
		utf8_copy(to->description, sizeof to->description,
			*link[n].alias ? link[n].alias : link[n].name);
	}
	return n;
}

unsigned interfaces_index(const char *name)
{
	char path[64 + IF_NAMESIZE], text[16];

	if (strlen(name) >= IF_NAMESIZE || strchr(name, '/'))
		return 0;
	snprintf(path, sizeof path, "/sys/class/net/%s/ifindex", name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	ssize_t n = read(fd, text, sizeof text - 1);
	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	return (unsigned)strtoul(text, NULL, 10);
}
