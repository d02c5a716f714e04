/* The tables, and how a file of an older version becomes one of this version. */
#ifndef ABP_STORE_SCHEMA_H
#define ABP_STORE_SCHEMA_H

#include "store/db.h"

#define ABP_SCHEMA_VERSION 6

/* Looks before anything is written. ABP_DATA: another program's database, or one made by a newer
 * abpost; with read_only also one that would first have to be made or brought up to date. */
int abp_schema_check(struct abp_db *db, int read_only, struct abp_error *err) ABP_MUST_CHECK;
/* Makes the tables, or brings them up to date, in one transaction. Safe when several processes do
 * so at once. */
int abp_schema_migrate(struct abp_db *db, struct abp_error *err) ABP_MUST_CHECK;

#endif
