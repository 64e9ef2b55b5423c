#include "capture/sources.h"

#include "capture/source_file.h"
#include "capture/source_live.h"

struct source *source_open(const struct source_options *options, struct source_error *error)
{
	return options->file ? source_open_file(options, error) : source_open_live(options, error);
}
