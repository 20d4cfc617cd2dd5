/* For LD_PRELOAD: the wall clock of one process, SET_CLOCK_FILE (an int64) seconds off, and librdkafka's waits as the kernel
   keeps them: until that clock shows a time, whoever sets it meanwhile. The monotonic clock stays as it is. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS 1000000000LL

static volatile int64_t *offset_s;

__attribute__((constructor)) static void map_offset(void) {
  int file = open(getenv("SET_CLOCK_FILE"), O_RDONLY);
  offset_s = mmap(0, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
  close(file);
}

static int64_t real_ns(void) {
  struct timespec now;
  syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
  return now.tv_sec * SECOND_NS + now.tv_nsec;
}

static int64_t shown_ns(void) { return real_ns() + (offset_s ? *offset_s : 0) * SECOND_NS; }

int clock_gettime(clockid_t clock, struct timespec *now) {
  int result = syscall(SYS_clock_gettime, clock, now);
  if ((clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) && offset_s) now->tv_sec += *offset_s;
  return result;
}

int gettimeofday(struct timeval *now, void *zone) {
  int64_t shown = shown_ns();
  now->tv_sec = shown / SECOND_NS;
  now->tv_usec = shown % SECOND_NS / 1000;
  return 0;
}

time_t time(time_t *now) {
  time_t shown = shown_ns() / SECOND_NS;
  if (now) *now = shown;
  return shown;
}

int timespec_get(struct timespec *now, int base) {
  int64_t shown = shown_ns();
  now->tv_sec = shown / SECOND_NS;
  now->tv_nsec = shown % SECOND_NS;
  return base;
}

/* Only librdkafka waits by it. */
int cnd_timedwait(cnd_t *condition, mtx_t *mutex, const struct timespec *until) {
  int (*wait)(cnd_t *, mtx_t *, const struct timespec *) = dlsym(RTLD_NEXT, "cnd_timedwait");
  int64_t until_ns = until->tv_sec * SECOND_NS + until->tv_nsec;
  for (;;) {
    int64_t left_ns = until_ns - shown_ns();
    if (left_ns > SECOND_NS / 50) left_ns = SECOND_NS / 50;
    int64_t slice_ns = real_ns() + (left_ns > 0 ? left_ns : 0);
    struct timespec slice = {slice_ns / SECOND_NS, slice_ns % SECOND_NS};
    int result = wait(condition, mutex, &slice);
    if (result != thrd_timedout || shown_ns() >= until_ns) return result;
  }
}
