/* receive: recv(2) by way of recvmsg(2), which a confined weir needs anyway.
 *
 * So there is one call fewer that it may make. */
#ifndef BASE_RECEIVE_H
#define BASE_RECEIVE_H

#include <sys/socket.h>
#include <sys/uio.h>

static inline ssize_t receive(int fd, void *octets, size_t size, int flags)
{
	struct iovec to = {octets, size};
	struct msghdr message = {.msg_iov = &to, .msg_iovlen = 1};

	return recvmsg(fd, &message, flags);
}

#endif
