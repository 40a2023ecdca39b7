#pragma once
// A policy whose type is hidden behind its rule: what programs hold that choose one at run time.

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <ordo/concepts/choices.hpp>
#include <ordo/concepts/factorization.hpp>
#include <ordo/concepts/plan_sampler.hpp>
#include <ordo/concepts/rule.hpp>
#include <ordo/concepts/sampler.hpp>
#include <ordo/core/choices.hpp>
#include <ordo/core/claim.hpp>
#include <ordo/core/readout.hpp>
#include <ordo/core/sample_step.hpp>
#include <ordo/core/slot.hpp>

namespace ordo {

/// Choices through a table of functions. Models Choices.
class ErasedChoices {
 public:
  virtual ~ErasedChoices() = default;
  [[nodiscard]] virtual std::uint32_t below(std::uint32_t bound) = 0;
  [[nodiscard]] virtual bool happens(double probability) = 0;
  [[nodiscard]] virtual double level(Levels levels) = 0;
  [[nodiscard]] virtual std::uint32_t pick(std::uint32_t bound, Levels levels,
                                           const std::function<double(std::uint32_t)>& cumulative) = 0;
  [[nodiscard]] virtual double progress() const = 0;

 protected:
  ErasedChoices() = default;
  ErasedChoices(const ErasedChoices&) = default;
  ErasedChoices& operator=(const ErasedChoices&) = default;
};

/// Choices of any kind as ErasedChoices; refers to them.
template <Choices C>
class ChoicesRef final : public ErasedChoices {
 public:
  explicit ChoicesRef(C& choices) : choices_(choices) {}
  [[nodiscard]] std::uint32_t below(std::uint32_t bound) override { return choices_.below(bound); }
  [[nodiscard]] bool happens(double probability) override { return choices_.happens(probability); }
  [[nodiscard]] double level(Levels levels) override { return choices_.level(levels); }
  [[nodiscard]] std::uint32_t pick(std::uint32_t bound, Levels levels,
                                   const std::function<double(std::uint32_t)>& cumulative) override {
    return choices_.pick(bound, levels, cumulative);
  }
  [[nodiscard]] double progress() const override { return choices_.progress(); }

 private:
  C& choices_;
};

/// A sampler of any type whose rule is one of R's. A value: a copy samples on its own.
template <VisibilityRule R>
class ErasedSampler {
 public:
  template <Sampler S>
    requires(!std::same_as<S, ErasedSampler>)
  explicit ErasedSampler(S sampler) : held_(std::make_unique<Held<S>>(std::move(sampler))) {}
  ErasedSampler(const ErasedSampler& other) : held_(other.held_->clone()) {}
  ErasedSampler(ErasedSampler&&) noexcept = default;
  ErasedSampler& operator=(ErasedSampler other) noexcept {
    held_ = std::move(other.held_);
    return *this;
  }
  ~ErasedSampler() = default;

  [[nodiscard]] bool next(const Known& known, SampleStep& step) { return held_->next(known, step); }
  [[nodiscard]] R rule() const { return held_->rule(); }
  [[nodiscard]] double hidden(double t) const { return held_->hidden(t); }

 private:
  struct Interface {
    virtual ~Interface() = default;
    [[nodiscard]] virtual std::unique_ptr<Interface> clone() const = 0;
    [[nodiscard]] virtual bool next(const Known& known, SampleStep& step) = 0;
    [[nodiscard]] virtual R rule() const = 0;
    [[nodiscard]] virtual double hidden(double t) const = 0;
  };
  template <class S>
  struct Held final : Interface {
    explicit Held(S s) : sampler(std::move(s)) {}
    [[nodiscard]] std::unique_ptr<Interface> clone() const override { return std::make_unique<Held>(*this); }
    [[nodiscard]] bool next(const Known& known, SampleStep& step) override { return sampler.next(known, step); }
    [[nodiscard]] R rule() const override { return widened<R>(sampler.rule()); }
    [[nodiscard]] double hidden(double t) const override { return pace(sampler, t); }
    S sampler;
  };

  std::unique_ptr<Interface> held_;
};

/// A policy of any type whose rule, and that of its sampler, is R or one of R's. Models Factorization. Where the
/// policy may have given tokens, `gives` must be true, or it is refused at compile time.
template <VisibilityRule R, bool gives = false>
class Erased {
 public:
  using Rule = R;

  template <class F>
    requires(!std::same_as<F, Erased> && Factorization<F> && (gives || !GivesTokens<F>))  // a copy is told apart first
  Erased(F policy) : held_(std::make_shared<const Held<F>>(std::move(policy))) {}         // NOLINT: any policy will do

  template <Choices C>
  Rule plan(Shape shape, C& choices, std::vector<Slot>& slots) const {
    return with_erased(choices, [&](ErasedChoices& erased) { return held_->plan(shape, erased, slots); });
  }
  template <Choices C>
  [[nodiscard]] ErasedSampler<R> sampler(Shape shape, const Known& known, C& choices) const {
    return with_erased(choices, [&](ErasedChoices& erased) { return held_->sampler(shape, known, erased); });
  }
  [[nodiscard]] Known given(Shape shape) const requires gives { return held_->given(shape); }
  void check(Shape shape) const { held_->check(shape); }
  [[nodiscard]] Claim claim() const { return held_->claim(); }
  [[nodiscard]] Readout readout() const { return held_->readout(); }
  [[nodiscard]] std::string name() const { return held_->name(); }
  /// The policy whose loss should be reported; itself where the policy inside names no other.
  [[nodiscard]] Erased scored_as() const { return held_->scored_as().value_or(*this); }

 private:
  struct Interface {
    virtual ~Interface() = default;
    virtual R plan(Shape shape, ErasedChoices& choices, std::vector<Slot>& slots) const = 0;
    [[nodiscard]] virtual ErasedSampler<R> sampler(Shape shape, const Known& known, ErasedChoices& choices) const = 0;
    [[nodiscard]] virtual Known given(Shape shape) const = 0;
    virtual void check(Shape shape) const = 0;
    [[nodiscard]] virtual Claim claim() const = 0;
    [[nodiscard]] virtual Readout readout() const = 0;
    [[nodiscard]] virtual std::string name() const = 0;
    [[nodiscard]] virtual std::optional<Erased> scored_as() const = 0;
  };
  template <class F>
  struct Held final : Interface {
    explicit Held(F f) : policy(std::move(f)) {}
    R plan(Shape shape, ErasedChoices& choices, std::vector<Slot>& slots) const override {
      return widened<R>(policy.plan(shape, choices, slots));
    }
    [[nodiscard]] ErasedSampler<R> sampler(Shape shape, const Known& known, ErasedChoices& choices) const override {
      return ErasedSampler<R>(sampler_of(policy, shape, known, choices));
    }
    [[nodiscard]] Known given(Shape shape) const override { return given_of(policy, shape); }
    void check(Shape shape) const override { check_shape(policy, shape); }
    [[nodiscard]] Claim claim() const override { return policy.claim(); }
    [[nodiscard]] Readout readout() const override { return readout_of(policy); }
    [[nodiscard]] std::string name() const override { return policy.name(); }
    [[nodiscard]] std::optional<Erased> scored_as() const override {
      if constexpr (ScoredAsAnother<F>) {
        return Erased(policy.scored_as());
      } else {
        return std::nullopt;
      }
    }
    F policy;
  };

  template <class C, class Use>
  static auto with_erased(C& choices, const Use& use) {
    if constexpr (std::derived_from<C, ErasedChoices>) {
      return use(choices);
    } else {
      ChoicesRef<C> erased(choices);
      return use(erased);
    }
  }

  std::shared_ptr<const Interface> held_;
};

}  // namespace ordo
