/* The most fp32 multiply-adds per second that this machine's cores can do together, nothing touching memory:
 * what any direct convolution is limited by.
 *
 *     cc -O3 -march=native -pthread limit.c -o limit && ./limit THREADS
 *
 * Prints one line of JSON. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Lanes of the widest vector, and chains of multiply-adds that depend on nothing but themselves: enough to hide the
 * latency of one, few enough to stay in registers. */
#if defined(__AVX512F__)
enum { LANES = 16, CHAINS = 16 };
#elif defined(__AVX__)
enum { LANES = 8, CHAINS = 12 };
#elif defined(__aarch64__)
enum { LANES = 4, CHAINS = 24 };
#else
enum { LANES = 4, CHAINS = 12 };
#endif
typedef float lanes __attribute__((vector_size(sizeof(float) * LANES)));

static const double SECONDS = 1.0;
static const long LINKS_BETWEEN_LOOKS = 1000000;

static atomic_int not_yet_here;

struct worker {
    pthread_t thread;
    double flops_per_second;
    float kept; /* so that the compiler cannot leave the work out */
};

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* x = x * shrink + rest tends to one: it neither overflows nor becomes subnormal. */
static void lengthen(lanes chains[CHAINS], long links) {
    const lanes shrink = (lanes){} + 0.999f, rest = (lanes){} + 0.001f;
    lanes x[CHAINS];
    for (int chain = 0; chain < CHAINS; chain++) x[chain] = chains[chain];
    for (long link = 0; link < links; link++) {
#pragma GCC unroll 24
        for (int chain = 0; chain < CHAINS; chain++) x[chain] = x[chain] * shrink + rest;
    }
    for (int chain = 0; chain < CHAINS; chain++) chains[chain] = x[chain];
}

static void *work(void *argument) {
    struct worker *worker = argument;
    lanes chains[CHAINS];
    for (int chain = 0; chain < CHAINS; chain++) chains[chain] = (lanes){} + (float)chain;
    atomic_fetch_sub(&not_yet_here, 1);
    while (atomic_load(&not_yet_here) > 0) continue;
    lengthen(chains, LINKS_BETWEEN_LOOKS); /* clocks settle */

    long links = 0;
    double started = now(), seconds;
    do {
        lengthen(chains, LINKS_BETWEEN_LOOKS);
        links += LINKS_BETWEEN_LOOKS;
        seconds = now() - started;
    } while (seconds < SECONDS);

    worker->flops_per_second = 2.0 * (double)links * CHAINS * LANES / seconds;
    for (int chain = 0; chain < CHAINS; chain++) worker->kept += chains[chain][0];
    return NULL;
}

int main(int count, char **arguments) {
    int threads = count == 2 ? atoi(arguments[1]) : 0;
    if (threads < 1) {
        fprintf(stderr, "usage: limit THREADS\n");
        return 2;
    }
    struct worker *workers = calloc((size_t)threads, sizeof *workers);
    if (!workers) {
        fprintf(stderr, "no memory for %d threads\n", threads);
        return 1;
    }
    atomic_store(&not_yet_here, threads);
    for (int i = 0; i < threads; i++) {
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i])) {
            fprintf(stderr, "cannot start thread %d of %d\n", i + 1, threads);
            return 1;
        }
    }
    double flops_per_second = 0.0;
    volatile float kept = 0.0f;
    for (int i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
        flops_per_second += workers[i].flops_per_second;
        kept += workers[i].kept;
    }
    printf("{\"threads\": %d, \"lanes\": %d, \"flops_per_second\": %.6g}\n", threads, LANES, flops_per_second);
    free(workers);
    return 0;
}
