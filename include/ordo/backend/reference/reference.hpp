#pragma once
// The reference backend: its type and every operation of concepts/backend.hpp.

#include <ordo/backend/reference/adamw.hpp>          // optimiser
#include <ordo/backend/reference/attention.hpp>      // attention under a visibility rule
#include <ordo/backend/reference/backend.hpp>        // the type
#include <ordo/backend/reference/cross_entropy.hpp>  // output head and loss
#include <ordo/backend/reference/draw.hpp>           // tokens from logits
#include <ordo/backend/reference/embedding.hpp>      // rows of a table
#include <ordo/backend/reference/linear.hpp>         // matrix products
#include <ordo/backend/reference/residual.hpp>       // branches and dropout
#include <ordo/backend/reference/rms_norm.hpp>       // normalisation
#include <ordo/backend/reference/rotary.hpp>         // positions
#include <ordo/backend/reference/rows.hpp>           // choosing slots
#include <ordo/backend/reference/swiglu.hpp>         // feed-forward gate
#include <ordo/backend/reference/vector.hpp>         // all parameters at once
