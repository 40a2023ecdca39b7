#pragma once
// The CPU backend: its type and every operation of concepts/backend.hpp.

#include <ordo/backend/cpu/adamw.hpp>          // optimiser
#include <ordo/backend/cpu/attention.hpp>      // attention under a visibility rule
#include <ordo/backend/cpu/backend.hpp>        // the type
#include <ordo/backend/cpu/cross_entropy.hpp>  // output head and loss
#include <ordo/backend/cpu/draw.hpp>           // tokens from logits
#include <ordo/backend/cpu/embedding.hpp>      // rows of a table
#include <ordo/backend/cpu/linear.hpp>         // matrix products
#include <ordo/backend/cpu/residual.hpp>       // branches and dropout
#include <ordo/backend/cpu/rms_norm.hpp>       // normalisation
#include <ordo/backend/cpu/rotary.hpp>         // positions
#include <ordo/backend/cpu/rows.hpp>           // choosing slots
#include <ordo/backend/cpu/swiglu.hpp>         // feed-forward gate
#include <ordo/backend/cpu/vector.hpp>         // all parameters at once
#include <ordo/concepts/backend.hpp>

namespace ordo {

static_assert(Backend<Cpu>);

}  // namespace ordo
