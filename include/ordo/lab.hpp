#pragma once
// Umbrella: the laboratory. Scaling laws, their fits, and how sure these are. Needs LBFGS++ (CMake: ordo::lab).

#include <ordo/lab/best_runs.hpp>
#include <ordo/lab/bootstrap.hpp>
#include <ordo/lab/copies.hpp>
#include <ordo/lab/critical_compute.hpp>
#include <ordo/lab/fit.hpp>
#include <ordo/lab/flops.hpp>
#include <ordo/lab/frontier.hpp>
#include <ordo/lab/held_out.hpp>
#include <ordo/lab/law.hpp>
#include <ordo/lab/planner.hpp>
#include <ordo/lab/power_law.hpp>
#include <ordo/lab/profile.hpp>
#include <ordo/lab/run_record.hpp>
#include <ordo/lab/training_run.hpp>
