/* catalog/migration.h - the numbered steps of the catalog's schema.
 *
 * Each driver has one file a step, NNNN_what.sql, embedded in the program. Steps are only ever
 * appended; one that was released is never edited. The number is the place in the driver's table.
 */
#ifndef CATALOG_MIGRATION_H
#define CATALOG_MIGRATION_H

enum { MIGRATION_LAST = 2 };

struct migration {
    const char *name;
    const char *sql; /* several statements */
};

#endif
