/* What may stand in the files of a workspace: the very tables that read them, for 'abpost help'. */
#ifndef ABPOST_REFERENCE_H
#define ABPOST_REFERENCE_H

#include <stddef.h>

enum abp_reference_file { ABP_REFERENCE_EXPERIMENT, ABP_REFERENCE_WORKSPACE, ABP_REFERENCE_POST };

/* Everything here is static text. */
struct abp_reference_section {
    const char *name;    /* "channel"; "" where the file has no sections */
    int named;           /* 1: it is written [channel NAME] */
    const char *meaning; /* whole sentences; "" for none */
};

struct abp_reference_key {
    const char *name;     /* NULL: not one name but any (factors); `example` shows one */
    const char *meaning;  /* a sentence without its full stop */
    const char *accepted; /* in words */
    const char *preset;   /* the value that says what leaving the key out says; NULL: none does */
    const char *absent;   /* that in words; NULL: preset says it */
    const char *example;  /* a whole line; NULL: `accepted` shows enough */
};

/* Section number i of such a file, from 0; 0 when it has no such section, else 1. */
int abp_reference_section(struct abp_reference_section *section, enum abp_reference_file file,
                          size_t i);
/* Key number i of section number s, from 0; 0 when there is none, else 1. */
int abp_reference_key(struct abp_reference_key *key, enum abp_reference_file file, size_t s,
                      size_t i);

#endif
