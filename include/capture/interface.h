/* interface: what the kernel says of a network interface at any time. Takes no right. */
#ifndef CAPTURE_INTERFACE_H
#define CAPTURE_INTERFACE_H

#include <stdbool.h>
#include <stdint.h>

/* `ask` is any socket. ifIndex of the interface of this name, 0: there is none. */
unsigned interface_find(int ask, const char *name);
/* Whether there is still one of this ifIndex. */
bool interface_is_there(int ask, unsigned index);
/* What cannot be asked counts as up: "any" is no interface. */
bool interface_is_up(int ask, const char *name);

/* Frames that the interface or its driver had no room for, ever; 0 where it does not say. */
uint64_t interface_missed(const char *name);

#endif
