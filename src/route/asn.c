#define _GNU_SOURCE /* mremap */
#include "route/asn.h"

#include "route/prefixes.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct asn {
	bool is_database;
	MMDB_s database;
	struct prefixes four; /* else these */
	struct prefixes six;
};

/* "192.0.2.0/24 64496", the number with or without AS before it. */
static bool take_line(struct asn *asn, char *line)
{
	char address[64], prefix[8], number[24], rest;
	uint8_t octets[16] = {0};
	char *end;

	if (sscanf(line, " %63[0-9a-fA-F:.]/%7[0-9] %23s %c", address, prefix, number, &rest) != 3)
		return false;
	bool six = strchr(address, ':');
	const char *digits = strncasecmp(number, "AS", 2) == 0 ? number + 2 : number;
	unsigned long length = strtoul(prefix, NULL, 10);
	errno = 0;
	unsigned long long value = strtoull(digits, &end, 10);
	if (!isdigit((unsigned char)*digits) || *end || errno || value > UINT32_MAX ||
		length > (six ? 128 : 32) ||
		inet_pton(six ? AF_INET6 : AF_INET, address, octets) != 1)
		return false;
	return prefixes_add(six ? &asn->six : &asn->four, octets, (uint8_t)length, (uint32_t)value);
}

static bool read_text(struct asn *asn, const char *file, char *why, size_t size)
{
	FILE *in = fopen(file, "re");
	char line[256];
	unsigned number = 0;
	bool good = in != NULL;

	if (!in)
		snprintf(why, size, "%s: %s", file, strerror(errno));
	while (good && fgets(line, sizeof line, in)) {
		number++;
		line[strcspn(line, "#\n")] = '\0';
		if (line[strspn(line, " \t\r")] == '\0')
			continue;
		good = take_line(asn, line);
		if (!good)
			snprintf(why, size,
				"%s:%u: not a prefix and an AS number, as in \"192.0.2.0/24 "
				"64496\"",
				file, number);
	}
	if (in)
		fclose(in);
	prefixes_sort(&asn->four);
	prefixes_sort(&asn->six);
	return good;
}

/* True: that is all that the file has. */
static bool read_whole(const char *file, char *to, size_t size)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	size_t got = 0;
	ssize_t n = 0;
	char more;

	while (fd >= 0 && got < size && (n = read(fd, to + got, size - got)) > 0)
		got += (size_t)n;
	bool good = fd >= 0 && got == size && read(fd, &more, 1) == 0;
	if (fd >= 0)
		close(fd);
	return good;
}

/* The library maps the file: whoever cut it would end weir with SIGBUS, and whoever wrote into
 * it would change what is found. So a copy comes into the place of that map, and is unmapped as
 * the map would be. */
static bool copy_database(const MMDB_s *database, const char *file, char *why, size_t size_of_why)
{
	void *map = (void *)(uintptr_t)database->file_content;
	size_t size = (size_t)database->file_size;
	char *copy = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (copy == MAP_FAILED) {
		snprintf(why, size_of_why, "out of memory");
		return false;
	}
	if (read_whole(file, copy, size) &&
		mremap(copy, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, map) == map)
		return true;
	munmap(copy, size);
	snprintf(why, size_of_why, "%s: it was changed while it was read", file);
	return false;
}

struct asn *asn_open(const char *file, char *why, size_t size)
{
	struct asn *asn = calloc(1, sizeof *asn);

	if (!asn) {
		snprintf(why, size, "out of memory");
		return NULL;
	}
	int status = MMDB_open(file, MMDB_MODE_MMAP, &asn->database);
	asn->is_database = status == MMDB_SUCCESS;
	if (asn->is_database) {
		if (copy_database(&asn->database, file, why, size))
			return asn;
		asn_close(asn);
		return NULL;
	}
	/* What has no metadata of a database is taken for a text. */
	if (status == MMDB_INVALID_METADATA_ERROR || status == MMDB_FILE_OPEN_ERROR) {
		if (read_text(asn, file, why, size))
			return asn;
	} else {
		snprintf(why, size, "%s: %s", file, MMDB_strerror(status));
	}
	asn_close(asn);
	return NULL;
}

void asn_close(struct asn *asn)
{
	if (!asn)
		return;
	if (asn->is_database)
		MMDB_close(&asn->database);
	prefixes_free(&asn->four);
	prefixes_free(&asn->six);
	free(asn);
}

static uint32_t ask_database(const struct asn *asn, const uint8_t *address, uint8_t ip_version)
{
	struct sockaddr_storage from = {.ss_family = ip_version == 6 ? AF_INET6 : AF_INET};
	MMDB_entry_data_s data;
	int error = 0;

	if (ip_version == 6)
		memcpy(&((struct sockaddr_in6 *)(void *)&from)->sin6_addr, address, 16);
	else
		memcpy(&((struct sockaddr_in *)(void *)&from)->sin_addr, address, 4);
	MMDB_lookup_result_s found = MMDB_lookup_sockaddr(
		&asn->database, (const struct sockaddr *)(const void *)&from, &error);
	if (error || !found.found_entry ||
		MMDB_get_value(&found.entry, &data, "autonomous_system_number", NULL) !=
			MMDB_SUCCESS ||
		!data.has_data || data.type != MMDB_DATA_TYPE_UINT32)
		return 0;
	return data.uint32;
}

uint32_t asn_find(const struct asn *asn, const uint8_t *address, uint8_t ip_version)
{
	if (asn->is_database)
		return ask_database(asn, address, ip_version);
	const struct prefix *p = prefixes_find(ip_version == 6 ? &asn->six : &asn->four, address);

	return p ? p->value : 0;
}
