/* The metrics that every process has under the names that Prometheus' own clients give them. */
#include "common/clock.h"
#include "common/metrics.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

struct process_metrics {
    struct metric *cpu, *resident, *open_files, *most_files;
};

static uint64_t cpu_us(void)
{
    struct rusage used;

    getrusage(RUSAGE_SELF, &used);
    return (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * METRIC_MICROSECONDS +
           (uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

static uint64_t resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    unsigned long long pages = 0;

    if (file == NULL)
        return 0;
    if (fscanf(file, "%*u %llu", &pages) != 1)
        pages = 0;
    fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t open_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    struct dirent *entry;
    uint64_t n = 0;

    if (folder == NULL)
        return 0;
    while ((entry = readdir(folder)) != NULL)
        n += entry->d_name[0] != '.';
    closedir(folder);
    return n > 0 ? n - 1 : 0; /* the folder itself was open */
}

static void collect(void *context)
{
    struct process_metrics *p = context;
    struct rlimit limit;

    metric_set(p->cpu, 0, 0, cpu_us());
    metric_set(p->resident, 0, 0, resident_bytes());
    metric_set(p->open_files, 0, 0, open_files());
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        metric_set(p->most_files, 0, 0, limit.rlim_cur);
}

static bool label_version(const void *context, size_t series, struct buffer *out)
{
    (void)context;
    (void)series;
    metrics_label(out, "version", SLICE(NUSKU_VERSION));
    return true;
}

/* The struct lives as long as the process, as what it counts does. */
static struct process_metrics the_process;

void metrics_add_process(struct metrics *m)
{
    struct process_metrics *p = &the_process;
    struct metric *start, *build;

    build = metrics_add(m, &(struct metric_options){
                               .type = METRIC_GAUGE,
                               .name = "nusku_build_info",
                               .help = "Always 1; the version stands in the label.",
                               .labels = label_version,
                           });
    metric_set(build, 0, 0, 1);
    p->cpu = metrics_add(m, &(struct metric_options){
                                .type = METRIC_COUNTER,
                                .name = "process_cpu_seconds_total",
                                .help = "User and system CPU time of the process.",
                                .scale = METRIC_MICROSECONDS,
                            });
    p->resident = metrics_add(m, &(struct metric_options){
                                     .type = METRIC_GAUGE,
                                     .name = "process_resident_memory_bytes",
                                     .help = "Resident memory of the process.",
                                 });
    p->open_files = metrics_add(m, &(struct metric_options){
                                       .type = METRIC_GAUGE,
                                       .name = "process_open_fds",
                                       .help = "Open file descriptors, connections among them.",
                                   });
    p->most_files = metrics_add(m, &(struct metric_options){
                                       .type = METRIC_GAUGE,
                                       .name = "process_max_fds",
                                       .help = "Most file descriptors that may be open.",
                                   });
    start = metrics_add(m, &(struct metric_options){
                               .type = METRIC_GAUGE,
                               .name = "process_start_time_seconds",
                               .help = "When the process began, in seconds since 1970 UTC.",
                               .scale = 1000,
                           });
    metric_set(start, 0, 0, (uint64_t)clock_wall_ms());
    metrics_collect(m, collect, p);
}
