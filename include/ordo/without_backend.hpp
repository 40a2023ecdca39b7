#pragma once
// All of ordo but a backend: what ordo.hpp and cuda.cuh share. No Eigen.

#include <ordo/core/ladder.hpp>
#include <ordo/data/byte_dataset.hpp>
#include <ordo/data/character_dataset.hpp>
#include <ordo/data/token_dataset.hpp>
#include <ordo/evaluate/as_sampled.hpp>
#include <ordo/evaluate/evaluate.hpp>
#include <ordo/evaluate/multiple_choice.hpp>
#include <ordo/factorizations.hpp>
#include <ordo/generate/generate.hpp>
#include <ordo/io/choice_tasks.hpp>
#include <ordo/io/model_files.hpp>
#include <ordo/model/transformer.hpp>
#include <ordo/train/memory.hpp>
#include <ordo/train/rehearse.hpp>
#include <ordo/train/train.hpp>
