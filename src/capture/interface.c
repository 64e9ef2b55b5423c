#include "capture/interface.h"

#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>

static struct ifreq request_of(const char *name)
{
	struct ifreq request = {0};

	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
	return request;
}

unsigned interface_find(int ask, const char *name)
{
	struct ifreq request = request_of(name);

	return ioctl(ask, SIOCGIFINDEX, &request) < 0 ? 0 : (unsigned)request.ifr_ifindex;
}

bool interface_is_there(int ask, unsigned index)
{
	struct ifreq request = {.ifr_ifindex = (int)index};

	return ioctl(ask, SIOCGIFNAME, &request) == 0;
}

bool interface_is_up(int ask, const char *name)
{
	struct ifreq request = request_of(name);

	return ioctl(ask, SIOCGIFFLAGS, &request) < 0 || request.ifr_flags & IFF_UP;
}

static uint64_t counter(const char *interface, const char *name)
{
	char path[80 + IFNAMSIZ];
	uint64_t value = 0;

	snprintf(path, sizeof path, "/sys/class/net/%s/statistics/%s", interface, name);
	FILE *file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%" SCNu64, &value) != 1)
		value = 0;
	fclose(file);
	return value;
}

uint64_t interface_missed(const char *name)
{
	return counter(name, "rx_missed_errors") + counter(name, "rx_fifo_errors");
}
