/* Readers in C for the tests and the bench. Frames say their number in every 8 bytes, and in their
 * timestamp: see `stamped` in peers.py.
 *
 *     c_reader open BASE CAMERA          how the ring opens, and whether a frame can be had
 *     c_reader judge BASE CAMERA READS   so many validated reads, copies and in place in turn
 *     c_reader wait BASE CAMERA FRAMES   wait for so many frames after the newest, one by one
 *     c_reader speed BASE CAMERA MS      copies of the newest frame for so long: memcpy's, validated
 */
#include "vas_ring.h"

static const char *name_of(vas_result result) {
    switch (result) {
    case VAS_OK: return "OK";
    case VAS_NOTHING: return "NOTHING";
    case VAS_ENDED: return "ENDED";
    case VAS_FORMAT: return "FORMAT";
    case VAS_UNKNOWN: return "UNKNOWN";
    case VAS_DENIED: return "DENIED";
    case VAS_SYSTEM: return "SYSTEM";
    case VAS_ARGUMENT: return "ARGUMENT";
    }
    return "?";
}

static int say(const vas_ring *ring, vas_result result) {
    printf("%s%s%s\n", name_of(result), ring->problem ? ": " : "",
           ring->problem ? ring->problem : "");
    fflush(stdout);
    return 0;
}

static bool is_good(const vas_ring *ring, const vas_frame *frame) {
    const uint64_t *words = (const uint64_t *)(const void *)frame->y;
    bool good = true;
    for (size_t at = 0; at < ring->frame_bytes / 8; at++) good &= words[at] == frame->timestamp_ns;
    return good;
}

static int judge(vas_ring *ring, void *pixels, long reads) {
    long good = 0, bad = 0, copies = 0;
    uint64_t last = 0, backwards = 0;
    for (long turn = 0; good + bad < reads; turn++) {
        vas_frame frame;
        vas_result result = turn % 2 ? vas_copy(ring, pixels, ring->frame_bytes, &frame)
                                     : vas_newest(ring, &frame);
        if (result == VAS_ENDED) break;
        if (result != VAS_OK) continue;
        bool fine = is_good(ring, &frame);
        if (turn % 2 == 0 && !vas_is_whole(ring, &frame)) continue;
        backwards += frame.sequence < last;
        last = frame.sequence;
        copies += turn % 2;
        fine ? good++ : bad++;
    }
    printf("%ld %ld %ld %llu %llu\n", good, bad, copies, (unsigned long long)backwards,
           (unsigned long long)ring->lapped);
    return 0;
}

static int wait_for_some(vas_ring *ring, long frames) {
    vas_frame frame;
    vas_result result = vas_newest(ring, &frame);
    uint64_t last = result == VAS_OK ? frame.sequence : 0;
    printf("%p\n", (const void *)&ring->words[VAS_HEAD]);
    fflush(stdout);
    for (long count = 0; count < frames; count++) {
        result = vas_wait(ring, last, 600000);
        if (result == VAS_OK) result = vas_newest(ring, &frame);
        if (result != VAS_OK) break;
        last = frame.sequence;
        printf("%llu\n", (unsigned long long)frame.timestamp_ns);
        fflush(stdout);
    }
    return say(ring, result);
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Both copy the newest frame, in turn the one and the other first: the second finds it in a cache. */
static int speed(vas_ring *ring, uint8_t *pixels, long ms) {
    double took[2] = {0, 0}, end = seconds() + (double)ms / 1e3;
    long count = 0;
    for (; seconds() < end; count++) {
        vas_frame frame;
        if (vas_newest(ring, &frame) != VAS_OK) return 1;
        const uint8_t *slot = frame.y;
        for (long way = count % 2, turn = 0; turn < 2; turn++, way = 1 - way) {
            double began = seconds();
            if (way == 0)
                memcpy(pixels, slot, ring->frame_bytes);
            else if (vas_copy(ring, pixels, ring->frame_bytes, &frame) != VAS_OK)
                return 1;
            took[way] += seconds() - began;
        }
    }
    printf("%.1f %.1f\n", (double)count / took[0], (double)count / took[1]);
    return 0;
}

int main(int count, char **arguments) {
    vas_ring ring;
    vas_frame frame;
    if (count < 4) return 2;
    const char *what = arguments[1];
    long number = count > 4 ? atol(arguments[4]) : 0;
    vas_result result = vas_open(&ring, arguments[2], arguments[3]);
    if (result != VAS_OK) return say(&ring, result);
    uint8_t *pixels = malloc(ring.frame_bytes);
    if (!pixels) return 1;
    int code = 2;
    if (!strcmp(what, "open"))
        code = say(&ring, vas_copy(&ring, pixels, ring.frame_bytes, &frame));
    else if (!strcmp(what, "judge"))
        code = judge(&ring, pixels, number);
    else if (!strcmp(what, "wait"))
        code = wait_for_some(&ring, number);
    else if (!strcmp(what, "speed"))
        code = speed(&ring, pixels, number);
    free(pixels);
    vas_close(&ring);
    vas_close(&ring);
    return code;
}
