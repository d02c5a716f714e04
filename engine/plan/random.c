#include "plan/random.h"

static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t abp_random_next(struct abp_random *random)
{
    random->state += 0x9e3779b97f4a7c15u;
    return mix(random->state);
}

void abp_random_init(struct abp_random *random, uint64_t seed, const char *text, uint64_t number)
{
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
    random->state = seed;
    random->state = abp_random_next(random) ^ hash;
    random->state = abp_random_next(random) ^ number;
    random->state = abp_random_next(random);
}

uint64_t abp_random_below(struct abp_random *random, uint64_t bound)
{
    uint64_t least = (0 - bound) % bound; /* 2^64 mod bound: what is left over is thrown again */
    uint64_t bits = 0;
    do
        bits = abp_random_next(random);
    while (bits < least);
    return bits % bound;
}

double abp_random_unit(struct abp_random *random)
{
    return (double)(abp_random_next(random) >> 11) * 0x1p-53;
}
