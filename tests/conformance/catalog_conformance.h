/* tests/conformance/catalog_conformance.h - what every catalog must do, written once.
 *
 * A driver's test is its URI, of an empty database: return catalog_conformance_run("sqlite:///x.db"); */
#ifndef TESTS_CONFORMANCE_CATALOG_CONFORMANCE_H
#define TESTS_CONFORMANCE_CATALOG_CONFORMANCE_H

/* catalog_conformance_run gives the number of failed tests, or 77 when uri is NULL. */
int catalog_conformance_run(const char *uri);

#endif
