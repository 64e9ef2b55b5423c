/* The table of first fragments: sets of FRAGMENT_WAYS entries. */
#include "packet/fragment.h"

#include "base/hash.h"
#include "base/memory.h"

#include <stddef.h>
#include <string.h>

enum { FRAGMENT_WAYS = 8, FRAGMENT_KEY_WORDS = 5 };

struct fragment_key { /* hashed and compared as words: no padding */
	uint8_t addresses[32];
	uint32_t identification;
	uint8_t protocol;
	uint8_t ip_version; /* 0: the entry is free */
	uint16_t zero;
};

struct fragment_entry {
	struct fragment_key key;
	uint16_t source_port;
	uint16_t destination_port;
	uint8_t protocol;
	bool icmp;
	uint32_t born; /* fragments->clock when it was learnt */
};

struct fragments {
	uint64_t seeds[FRAGMENT_KEY_WORDS];
	size_t mask;    /* sets less one, a power of two less one */
	uint32_t clock; /* counts what was learnt */
	struct fragment_entry entries[];
};

_Static_assert(sizeof(struct fragment_key) == FRAGMENT_KEY_WORDS * 8, "no padding");
_Static_assert(offsetof(struct packet, destination_address) == 16, "addresses are one copy");

/* A generator with a full period (Weyl sequence), finished as in MurmurHash3. */
static uint64_t seed_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;
	z = (z ^ z >> 33) * 0xff51afd7ed558ccd;
	z = (z ^ z >> 33) * 0xc4ceb9fe1a85ec53;
	return z ^ z >> 33;
}

static size_t entries_size(size_t sets)
{
	return sets * FRAGMENT_WAYS * sizeof(struct fragment_entry);
}

struct fragments *fragments_new(uint32_t entries, uint64_t seed)
{
	size_t sets = 1;
	while (sets * FRAGMENT_WAYS < entries)
		sets *= 2;

	struct fragments *fragments = memory_map(sizeof *fragments + entries_size(sets));
	if (!fragments)
		return NULL;
	fragments->mask = sets - 1;
	for (int i = 0; i < FRAGMENT_KEY_WORDS; i++)
		fragments->seeds[i] = seed_next(&seed);
	return fragments;
}

void fragments_free(struct fragments *fragments)
{
	if (fragments)
		memory_unmap(fragments, sizeof *fragments + entries_size(fragments->mask + 1));
}

void fragments_touch(struct fragments *fragments)
{
	memory_touch(fragments->entries, entries_size(fragments->mask + 1));
}

size_t fragments_memory(const struct fragments *fragments)
{
	return sizeof *fragments + entries_size(fragments->mask + 1);
}

static struct fragment_entry *set_of(
	const struct fragments *fragments, const struct fragment_key *key)
{
	uint64_t words[FRAGMENT_KEY_WORDS];
	const uint64_t *seeds = fragments->seeds;

	memcpy(words, key, sizeof words);
	uint64_t hash = hash_fold(words[0] ^ seeds[0], words[1] ^ seeds[1]) ^
			hash_fold(words[2] ^ seeds[2], words[3] ^ seeds[3]);
	hash = hash_fold(hash ^ seeds[4], words[4] ^ seeds[0]);
	const struct fragment_entry *set =
		&fragments->entries[(hash & fragments->mask) * FRAGMENT_WAYS];
	return (struct fragment_entry *)set;
}

static struct fragment_key key_of(const struct packet *packet, uint8_t protocol)
{
	struct fragment_key key = {
		.identification = packet->details.identification,
		.protocol = protocol,
		.ip_version = packet->ip_version,
	};
	memcpy(key.addresses, packet->source_address, sizeof key.addresses);
	return key;
}

static bool same(const struct fragment_key *a, const struct fragment_key *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

bool fragments_learn(struct fragments *fragments, const struct packet *packet, uint8_t protocol)
{
	struct fragment_key key = key_of(packet, protocol);
	struct fragment_entry *set = set_of(fragments, &key), *entry = NULL, *oldest = set;
	uint32_t now = fragments->clock++;

	for (int i = 0; i < FRAGMENT_WAYS && !entry; i++) {
		if (set[i].key.ip_version == 0 || same(&set[i].key, &key))
			entry = &set[i]; /* sets fill in order: nothing stands behind a free one */
		else if (now - set[i].born > now - oldest->born)
			oldest = &set[i];
	}
	bool displaced = !entry;
	if (displaced)
		entry = oldest;
	*entry = (struct fragment_entry){
		.key = key,
		.source_port = packet->source_port,
		.destination_port = packet->destination_port,
		.protocol = packet->protocol,
		.icmp = packet->facts & PACKET_ICMP,
		.born = now,
	};
	return displaced;
}

bool fragments_find(const struct fragments *fragments, struct packet *packet, uint8_t protocol)
{
	struct fragment_key key = key_of(packet, protocol);
	const struct fragment_entry *set = set_of(fragments, &key);

	for (int i = 0; i < FRAGMENT_WAYS; i++) {
		if (!same(&set[i].key, &key))
			continue;
		packet->protocol = set[i].protocol;
		packet->source_port = set[i].source_port;
		packet->destination_port = set[i].destination_port;
		if (set[i].icmp)
			packet->facts |= PACKET_ICMP;
		return true;
	}
	return false;
}
