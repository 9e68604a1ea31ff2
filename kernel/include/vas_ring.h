/* Reading frames of the frame kernel from C: version 1 of the ring, in one header.
 *
 *     vas_ring ring;
 *     vas_frame frame;
 *     uint64_t last = 0;  // 0 again after each vas_open: sequences of two epochs do not compare
 *     if (vas_open(&ring, NULL, "front-door") == VAS_OK) {
 *         uint8_t *pixels = malloc(ring.frame_bytes);
 *         while (vas_wait(&ring, last, 1000) != VAS_ENDED) {
 *             if (vas_copy(&ring, pixels, ring.frame_bytes, &frame) == VAS_OK) {
 *                 last = frame.sequence;
 *                 look_at(pixels, &frame);  // one whole frame with its own metadata
 *             }
 *         }
 *         free(pixels);
 *         vas_close(&ring);
 *     }
 *
 * Linux on x86-64 or aarch64, gcc or clang, C11 or later, or C++; nothing but the C library. Include
 * it before any other header, or compile with -D_GNU_SOURCE. Names that begin with vas__ are private.
 * A vas_ring is for one thread; other threads and processes open rings of their own.
 *
 * Files are mapped read-only: nothing that a reader does reaches the writer. What a control file says
 * is held against limits and against the real sizes of the files before anything is mapped.
 */
#ifndef VAS_RING_H
#define VAS_RING_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ || !defined(__LP64__)
#error "a ring's magic number and its futex word are little-endian, its words 64 bits wide"
#endif

/* Milliseconds between two looks whether the control file still has its name. */
#ifndef VAS_RECHECK_MS
#define VAS_RECHECK_MS 250
#endif

enum { /* words of the control file's header, 64 bits each; HEAD and STATE change, others never */
    VAS_MAGIC = 0,
    VAS_VERSION = 1,
    VAS_HEADER_BYTES = 2,
    VAS_ENTRY_BYTES = 3,
    VAS_CAPACITY = 4,
    VAS_FRAME_BYTES = 5,
    VAS_WIDTH_PX = 6,
    VAS_HEIGHT_PX = 7,
    VAS_PIXEL_FORMAT = 8,
    VAS_STRIDE_BYTES = 9,
    VAS_EPOCH = 10,
    VAS_WRITER_PID = 11,
    VAS_STARTED_NS = 12,
    VAS_HEAD = 16,
    VAS_STATE = 17,
    VAS_HEADER_WORDS = 32
};

enum { /* words of a slot's entry, behind the header */
    VAS_GUARD = 0,
    VAS_FRAME_ID = 1,
    VAS_TIMESTAMP_NS = 2,
    VAS_PUBLISHED_NS = 3,
    VAS_ENTRY_WORDS = 8
};

enum { /* limits */
    VAS_MIN_CAPACITY = 3,
    VAS_MAX_CAPACITY = 1024,
    VAS_MAX_SIDE_PX = 16384,
    VAS_MAX_ID_BYTES = 200,
    VAS_MAX_PATH_BYTES = 1024,
    VAS_LIVE = 1,
    VAS_ATTEMPTS = 3
};

#define VAS_MAX_RING_BYTES (UINT64_C(64) << 30)

/* What a call answers. Below zero: `ring->problem` says what is wrong. */
typedef enum {
    VAS_OK = 0,
    VAS_NOTHING = 1,   /* no camera, no frame, none newer; or overtaken each time while reading */
    VAS_ENDED = 2,     /* the camera stopped, or its files were replaced: close, and open again */
    VAS_FORMAT = -1,   /* what is there is not a ring, or not a sane one */
    VAS_UNKNOWN = -2,  /* a ring of another version */
    VAS_DENIED = -3,   /* this user may not read it */
    VAS_SYSTEM = -4,   /* no memory or no descriptor; errno is set */
    VAS_ARGUMENT = -5  /* a camera id, a path or a size that cannot be */
} vas_result;

typedef struct {
    /* NV12: frame_bytes = width_px * height_px * 3 / 2, rows without padding. */
    uint32_t width_px, height_px, stride_bytes, capacity;
    size_t frame_bytes;
    uint64_t epoch;      /* one life of a writer; sequences of two epochs do not compare */
    uint64_t lapped;     /* how often the writer overtook this reader; such frames were not used */
    const char *problem; /* of the last call that answered below zero */

    const uint64_t *words;
    const uint8_t *slots;
    size_t words_bytes, slot_step;
    uint64_t recheck_at_ms;
    dev_t device;
    ino_t inode;
    bool unwoken;
    char rings[VAS_MAX_PATH_BYTES];
    char camera[VAS_MAX_ID_BYTES + 1];
} vas_ring;

typedef struct {
    const uint8_t *y;  /* in the slot, read-only: see vas_is_whole */
    const uint8_t *uv; /* pairs of Cb and Cr, half the size in both directions */
    uint64_t sequence, frame_id;
    uint64_t timestamp_ns; /* the source's time of the frame, Unix time */
    uint64_t published_ns; /* CLOCK_MONOTONIC */
} vas_frame;

static inline vas_result vas__refuse(vas_ring *ring, vas_result result, const char *problem) {
    ring->problem = problem;
    return result;
}

static inline uint64_t vas__load(const uint64_t *word) {
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline uint64_t vas__now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* For what could not be opened, by errno. */
static inline vas_result vas__not_opened(vas_ring *ring, const char *problem) {
    if (errno == EACCES || errno == EPERM)
        return vas__refuse(ring, VAS_DENIED, "this user may not read the camera's ring");
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
        return vas__refuse(ring, VAS_SYSTEM, "there is no descriptor or memory for the ring");
    return vas__refuse(ring, VAS_FORMAT, problem);
}

/* A pipe in a file's place cannot make the caller wait, a link cannot lead elsewhere. */
static inline int vas__open_at(int folder, const char *name, int flags) {
    return openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags);
}

/* The camera's folder in *fd; VAS_NOTHING: there is none. */
static inline vas_result vas__open_folder(vas_ring *ring, int *fd) {
    int rings = vas__open_at(AT_FDCWD, ring->rings, O_DIRECTORY);
    *fd = rings < 0 ? -1 : vas__open_at(rings, ring->camera, O_DIRECTORY);
    int error = errno;
    if (rings >= 0) close(rings);
    if (*fd >= 0) return VAS_OK;
    errno = error;
    if (error == ENOENT) return VAS_NOTHING;
    return vas__not_opened(ring, "the camera's folder cannot be opened");
}

/* Check the control file and take over what never changes. */
static inline vas_result vas__read_header(vas_ring *ring, int fd) {
    struct stat info;
    uint64_t words[VAS_HEADER_WORDS];
    if (fstat(fd, &info) != 0)
        return vas__refuse(ring, VAS_SYSTEM, "the ring cannot be mapped");
    if (!S_ISREG(info.st_mode))
        return vas__refuse(ring, VAS_FORMAT, "the control file is not a plain file");
    ssize_t got = pread(fd, words, sizeof words, 0);
    if (got < 0) return vas__refuse(ring, VAS_SYSTEM, "the ring cannot be mapped");
    if (got < (ssize_t)sizeof words)
        return vas__refuse(ring, VAS_FORMAT, "the control file is too short for a header");
    if (memcmp(&words[VAS_MAGIC], "VASRING\n", 8) != 0)
        return vas__refuse(ring, VAS_FORMAT, "the control file does not begin as one");
    if (words[VAS_VERSION] != 1)
        return vas__refuse(ring, VAS_UNKNOWN, "a ring of another version; 1 is known");
    if (words[VAS_HEADER_BYTES] != sizeof words)
        return vas__refuse(ring, VAS_FORMAT, "header_bytes is not 256");
    if (words[VAS_ENTRY_BYTES] != VAS_ENTRY_WORDS * sizeof words[0])
        return vas__refuse(ring, VAS_FORMAT, "entry_bytes is not 64");
    uint64_t capacity = words[VAS_CAPACITY];
    if (capacity < VAS_MIN_CAPACITY || capacity > VAS_MAX_CAPACITY)
        return vas__refuse(ring, VAS_FORMAT, "a capacity out of bounds");
    size_t control = sizeof words + (size_t)capacity * VAS_ENTRY_WORDS * sizeof words[0];
    if ((uint64_t)info.st_size < control)
        return vas__refuse(ring, VAS_FORMAT, "the control file is too short for its slots");
    if (words[VAS_PIXEL_FORMAT] != 0)
        return vas__refuse(ring, VAS_FORMAT, "a pixel format that is not known");
    uint64_t width = words[VAS_WIDTH_PX], height = words[VAS_HEIGHT_PX];
    if (width < 2 || width > VAS_MAX_SIDE_PX || width % 2)
        return vas__refuse(ring, VAS_FORMAT, "the width of an NV12 frame is even and in bounds");
    if (height < 2 || height > VAS_MAX_SIDE_PX || height % 2)
        return vas__refuse(ring, VAS_FORMAT, "the height of an NV12 frame is even and in bounds");
    if (words[VAS_STRIDE_BYTES] != width)
        return vas__refuse(ring, VAS_FORMAT, "a stride that is not the width");
    uint64_t frame = width * height * 3 / 2;
    if (words[VAS_FRAME_BYTES] != frame || frame * capacity > VAS_MAX_RING_BYTES)
        return vas__refuse(ring, VAS_FORMAT, "frames of another size than width and height say");
    ring->width_px = (uint32_t)width;
    ring->height_px = (uint32_t)height;
    ring->stride_bytes = (uint32_t)width;
    ring->capacity = (uint32_t)capacity;
    ring->frame_bytes = (size_t)frame;
    ring->epoch = words[VAS_EPOCH];
    ring->device = info.st_dev;
    ring->inode = info.st_ino;
    ring->words_bytes = control;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    ring->slot_step = (ring->frame_bytes + page - 1) / page * page;
    return VAS_OK;
}

static inline bool vas__is_current(const vas_ring *ring, int folder) {
    struct stat info;
    return fstatat(folder, "frame.ring", &info, AT_SYMLINK_NOFOLLOW) == 0 &&
           info.st_dev == ring->device && info.st_ino == ring->inode;
}

/* Map the slots one behind the other over memory that is reserved for all of them. */
static inline vas_result vas__map_slots(vas_ring *ring, int folder) {
    void *room = mmap(NULL, ring->slot_step * ring->capacity, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room == MAP_FAILED) return vas__refuse(ring, VAS_SYSTEM, "the ring cannot be mapped");
    ring->slots = (const uint8_t *)room;
    for (uint32_t slot = 0; slot < ring->capacity; slot++) {
        char name[64];
        struct stat info;
        snprintf(name, sizeof name, "slot-%016llx-%u", (unsigned long long)ring->epoch, slot);
        int fd = vas__open_at(folder, name, 0);
        if (fd < 0 && errno == ENOENT)
            return vas__is_current(ring, folder)
                       ? vas__refuse(ring, VAS_FORMAT, "a slot's file is missing")
                       : VAS_NOTHING;
        if (fd < 0) return vas__not_opened(ring, "a slot cannot be opened");
        vas_result result = VAS_OK;
        if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) ||
            (uint64_t)info.st_size != ring->frame_bytes)
            result = vas__refuse(ring, VAS_FORMAT, "a slot does not have the size of a frame");
        else if (mmap((uint8_t *)room + slot * ring->slot_step, ring->frame_bytes, PROT_READ,
                      MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
            result = vas__refuse(ring, VAS_SYSTEM, "the ring cannot be mapped");
        close(fd);
        if (result != VAS_OK) return result;
    }
    return VAS_OK;
}

static inline vas_result vas__map(vas_ring *ring, int folder) {
    int fd = vas__open_at(folder, "frame.ring", 0);
    if (fd < 0 && errno == ENOENT) return VAS_NOTHING;
    if (fd < 0) return vas__not_opened(ring, "the control file cannot be opened");
    vas_result result = vas__read_header(ring, fd);
    if (result == VAS_OK) {
        void *words = mmap(NULL, ring->words_bytes, PROT_READ, MAP_SHARED, fd, 0);
        if (words == MAP_FAILED)
            result = vas__refuse(ring, VAS_SYSTEM, "the ring cannot be mapped");
        else
            ring->words = (const uint64_t *)words;
    }
    close(fd);
    return result == VAS_OK ? vas__map_slots(ring, folder) : result;
}

/* Let go of the ring. Pixels in place must not be touched afterwards. Twice is the same as once. */
static inline void vas_close(vas_ring *ring) {
    int error = errno;
    if (ring->words) munmap((void *)(uintptr_t)ring->words, ring->words_bytes);
    if (ring->slots) munmap((void *)(uintptr_t)ring->slots, ring->slot_step * ring->capacity);
    ring->words = NULL;
    ring->slots = NULL;
    errno = error;
}

/* Map a camera's ring. `base_dir` NULL: AI_FRAME_EXPORT_DIR, else /dev/shm/vas. VAS_NOTHING: the
 * camera is not there, or has stopped; try again later. Only VAS_OK has to be closed. */
static inline vas_result vas_open(vas_ring *ring, const char *base_dir, const char *camera_id) {
    memset(ring, 0, sizeof *ring);
    if (!base_dir) base_dir = getenv("AI_FRAME_EXPORT_DIR");
    if (!base_dir || !*base_dir) base_dir = "/dev/shm/vas";
    size_t length = strlen(camera_id);
    if (!length || length > VAS_MAX_ID_BYTES || camera_id[0] == '.' || strchr(camera_id, '/'))
        return vas__refuse(ring, VAS_ARGUMENT, "a camera id that cannot name a folder");
    for (size_t at = 0; at < length; at++)
        if ((unsigned char)camera_id[at] < ' ' || camera_id[at] == 0x7f)
            return vas__refuse(ring, VAS_ARGUMENT, "a camera id that cannot name a folder");
    memcpy(ring->camera, camera_id, length + 1);
    int written = snprintf(ring->rings, sizeof ring->rings, "%s/.rings", base_dir);
    if (base_dir[0] != '/' || written < 0 || (size_t)written >= sizeof ring->rings)
        return vas__refuse(ring, VAS_ARGUMENT, "the base folder must be a short absolute path");
    int folder;
    vas_result result = vas__open_folder(ring, &folder);
    if (result != VAS_OK) return result;
    result = vas__map(ring, folder);
    close(folder);
    if (result == VAS_OK && vas__load(&ring->words[VAS_STATE]) != VAS_LIVE) result = VAS_NOTHING;
    if (result != VAS_OK) vas_close(ring);
    ring->recheck_at_ms = vas__now_ms() + VAS_RECHECK_MS;
    return result;
}

/* Whether the writer has not said that this was the end, and its files still have their names. */
static inline bool vas__is_live(vas_ring *ring) {
    if (!ring->words || vas__load(&ring->words[VAS_STATE]) != VAS_LIVE) return false;
    uint64_t now = vas__now_ms();
    if (now < ring->recheck_at_ms) return true;
    ring->recheck_at_ms = now + VAS_RECHECK_MS;
    int folder;
    if (vas__open_folder(ring, &folder) != VAS_OK) return false;
    bool current = vas__is_current(ring, folder);
    close(folder);
    return current;
}

/* The entry of the slot that a frame of this sequence is in. */
static inline const uint64_t *vas__entry(const vas_ring *ring, uint64_t sequence) {
    return ring->words + VAS_HEADER_WORDS + sequence % ring->capacity * VAS_ENTRY_WORDS;
}

/* Whether everything that was read of this frame before this call is of this frame. Ask after
 * having used its pixels in place, and before believing the result. */
static inline bool vas_is_whole(const vas_ring *ring, const vas_frame *frame) {
    __atomic_thread_fence(__ATOMIC_ACQUIRE); /* the reads before are done before the guard's */
    return __atomic_load_n(vas__entry(ring, frame->sequence) + VAS_GUARD, __ATOMIC_RELAXED) ==
           frame->sequence * 2;
}

/* The newest frame in place, without a copy. Its pixels are of this frame for as long as
 * vas_is_whole says so, and stay mapped until vas_close. */
static inline vas_result vas_newest(vas_ring *ring, vas_frame *frame) {
    if (!vas__is_live(ring)) return VAS_ENDED;
    for (int attempt = 0; attempt < VAS_ATTEMPTS; attempt++) {
        uint64_t sequence = vas__load(&ring->words[VAS_HEAD]);
        if (!sequence) return VAS_NOTHING;
        const uint64_t *entry = vas__entry(ring, sequence);
        /* Sequences are 63 bits wide: twice a wider one would look like another's guard. */
        if (sequence >> 63 == 0 && vas__load(entry + VAS_GUARD) == sequence * 2) {
            frame->sequence = sequence;
            frame->frame_id = __atomic_load_n(entry + VAS_FRAME_ID, __ATOMIC_RELAXED);
            frame->timestamp_ns = __atomic_load_n(entry + VAS_TIMESTAMP_NS, __ATOMIC_RELAXED);
            frame->published_ns = __atomic_load_n(entry + VAS_PUBLISHED_NS, __ATOMIC_RELAXED);
            frame->y = ring->slots + sequence % ring->capacity * ring->slot_step;
            frame->uv = frame->y + (size_t)ring->stride_bytes * ring->height_px;
            if (vas_is_whole(ring, frame)) return VAS_OK;
        }
        ring->lapped++;
    }
    return VAS_NOTHING;
}

/* A copy of the newest frame, whole and with its own metadata; `frame->y` and `frame->uv` are in
 * the copy. */
static inline vas_result vas_copy(vas_ring *ring, void *into, size_t size, vas_frame *frame) {
    if (size < ring->frame_bytes)
        return vas__refuse(ring, VAS_ARGUMENT, "a frame needs more memory than it is given");
    for (int attempt = 0; attempt < VAS_ATTEMPTS; attempt++) {
        vas_result result = vas_newest(ring, frame);
        if (result != VAS_OK) return result;
        memcpy(into, frame->y, ring->frame_bytes);
        if (vas_is_whole(ring, frame)) {
            frame->uv = (const uint8_t *)into + (frame->uv - frame->y);
            frame->y = (const uint8_t *)into;
            return VAS_OK;
        }
        ring->lapped++;
    }
    return VAS_NOTHING;
}

/* Sleep until there is a frame newer than sequence `after` of this epoch (0: any), for `timeout_ms`
 * at most. VAS_NOTHING: there was none. It is the writer that wakes; a killed one is noticed within
 * VAS_RECHECK_MS, and one that does not wake is polled each millisecond until it does. */
static inline vas_result vas_wait(vas_ring *ring, uint64_t after, uint32_t timeout_ms) {
    uint64_t deadline = vas__now_ms() + timeout_ms;
    for (;;) {
        if (!vas__is_live(ring)) return VAS_ENDED;
        uint64_t head = vas__load(&ring->words[VAS_HEAD]);
        uint64_t ahead = (head - after) & (UINT64_MAX >> 1);
        if (head && (!after || (ahead && ahead < UINT64_C(1) << 62))) return VAS_OK;
        uint64_t now = vas__now_ms();
        if (now >= deadline) return VAS_NOTHING;
        uint64_t ms = ring->unwoken ? 1 : VAS_RECHECK_MS;
        if (ms > deadline - now) ms = deadline - now;
        struct timespec pause = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
        if (syscall(SYS_futex, &ring->words[VAS_HEAD], 0 /* FUTEX_WAIT, not private */,
                    (uint32_t)head, &pause, NULL, 0) == 0) {
            ring->unwoken = false;
        } else if (errno == ETIMEDOUT) {
            if (vas__load(&ring->words[VAS_HEAD]) != head) ring->unwoken = true;
        } else if (errno != EAGAIN && errno != EINTR) { /* there is no futex here */
            ring->unwoken = true;
            pause.tv_sec = 0;
            pause.tv_nsec = 1000000;
            nanosleep(&pause, NULL);
        }
    }
}

#endif
