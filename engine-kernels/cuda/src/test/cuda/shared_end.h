}

#include "shared_names.h"
