/* Mends libnng 1.5.2, which Debian 12 has: a pipe that is closed while one of its frames is half read (or
 * half written) never ends.
 *
 * A transport's callback that has got the head of a frame asks for the rest with the same aio. When the
 * pipe was closed in between, nni_aio_begin refuses the aio, and the transport returns without a word:
 * nobody ends the aio of the protocol above, and the one thread that buries pipes waits for it for
 * ever. From then on no lost connection is told of, no socket closes, and every attempt to connect leaks
 * a descriptor. A killed worker did that to a router once in a hundred times. Later releases look for a
 * closed pipe there (nanomsg/nng #1636, for TCP).
 *
 * Here whoever is refused hears of it: the aio ends with NNG_ECLOSED, as if it had begun before the pipe
 * was closed. Its callback runs as a task of the aio, which stopping and freeing the aio wait for.
 *
 * libnng's own calls can be led here only where it is linked statically (cmake/nng.cmake). Drop this
 * file with the first libnng that needs it no more: tests/crash kills workers by the hundred.
 */
#include <nng/nng.h>

/* Of libnng's insides (src/core/aio.c), as they are in 1.5.2. */
int __real_nni_aio_begin(nng_aio *aio);
void nni_aio_finish_error(nng_aio *aio, int code);

int __wrap_nni_aio_begin(nng_aio *aio); /* the name that the linker's --wrap asks for */

int __wrap_nni_aio_begin(nng_aio *aio)
{
    int code = __real_nni_aio_begin(aio);

    if (code != 0)
        nni_aio_finish_error(aio, NNG_ECLOSED);
    return code;
}
